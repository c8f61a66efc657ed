/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse - the four answers of every parser */
#ifndef DEJUNK_PARSE_H
#define DEJUNK_PARSE_H

enum parse {
	PARSE_DONE,
	PARSE_MORE,	/* a valid beginning; call again with more bytes */
	PARSE_BAD,	/* looks like the protocol and breaks its grammar; the caller refuses */
	PARSE_ALIEN,	/* was never this protocol; the caller passes it or refuses, as configured */
};

#endif
