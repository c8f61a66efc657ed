/* SPDX-License-Identifier: GPL-3.0-or-later */
/* log - one line a fact, to standard error or syslog, from every process alike
 *
 * Nothing below the flows layer logs traffic.  A line about a connection begins
 * with its id, "#17 ".  Lines carry no newline of their own.
 */
#ifndef DEJUNK_LOG_H
#define DEJUNK_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* log_open - @who stands before each line ("proxy"); lines above @level are dropped */
void log_open(const char *who, enum log_level level);
/* log_level - the level given to log_open; to skip work for lines nobody reads */
enum log_level log_level(void);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* die - log an error and end the process with @status; only before a loop starts */
void die(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));

/* log_once - a line that must not flood: true the first time, and again when @quiet_ms
 * have passed since it was last true (@last_ms: yours, static, starts at 0).  For "limit reached" lines. */
bool log_once(unsigned long long *last_ms, unsigned long long quiet_ms);

#endif
