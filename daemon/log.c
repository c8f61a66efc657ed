/* SPDX-License-Identifier: GPL-3.0-or-later */
/* log - one line a fact; one write(2) a line, so that lines of several processes never mix */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

enum { LOG_LINE = 1024 };	/* bytes; longer lines are cut */

static const char *log_who = "dejunk";
static enum log_level log_max = LOG_LEVEL_INFO;

void log_open(const char *who, enum log_level level)
{
	log_who = who;
	log_max = level;
}

enum log_level log_level(void)
{
	return log_max;
}

static void log_line(enum log_level level, const char *fmt, va_list ap)
{
	static const char *const word[] = { "error: ", "warning: ", "", "debug: " };
	char line[LOG_LINE];
	int saved = errno, n, m;

	if (level > log_max)
		return;
	n = snprintf(line, sizeof(line), "dejunk %s: %s", log_who, word[level]);
	m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, fmt, ap);
	if (m < 0)
		m = 0;
	n += m;
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	for (int i = 0; i < n; i++)	/* bytes from the network must not reach a terminal raw */
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0) {
		/* nobody reads us: nothing to be done about it */
	}
	errno = saved;
}

#define LOG_BODY(level) do {			\
	va_list ap;				\
						\
	va_start(ap, fmt);			\
	log_line(level, fmt, ap);		\
	va_end(ap);				\
} while (0)

void log_error(const char *fmt, ...) { LOG_BODY(LOG_LEVEL_ERROR); }
void log_warn(const char *fmt, ...) { LOG_BODY(LOG_LEVEL_WARN); }
void log_info(const char *fmt, ...) { LOG_BODY(LOG_LEVEL_INFO); }
void log_debug(const char *fmt, ...) { LOG_BODY(LOG_LEVEL_DEBUG); }

void die(int status, const char *fmt, ...)
{
	LOG_BODY(LOG_LEVEL_ERROR);
	exit(status);
}

bool log_once(unsigned long long *last_ms, unsigned long long quiet_ms)
{
	unsigned long long now = clock_ms();

	if (*last_ms && now - *last_ms < quiet_ms)
		return false;
	*last_ms = now;
	return true;
}
