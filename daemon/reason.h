/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reason - why a connection ended; each row of tbl/reason.h is one */
#ifndef DEJUNK_REASON_H
#define DEJUNK_REASON_H

enum reason {
#define REASON(name, fault, text) REASON_##name,
#include "tbl/reason.h"
#undef REASON
	REASON_COUNT
};

#endif
