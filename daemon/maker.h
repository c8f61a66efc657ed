/* SPDX-License-Identifier: GPL-3.0-or-later */
/* maker - which program this is, its libraries included: what it made, another need not understand */
#ifndef DEJUNK_MAKER_H
#define DEJUNK_MAKER_H

#include <stdint.h>

/* maker_identity - of this program and the libraries that it is linked with, as loaded (public suffixes, IDN tables and
 * regular expressions are in libraries): the build ids the linker gave them, or where there is none a hash of code
 * and constants */
void maker_identity(uint64_t out[2]);

#endif
