/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resource - guess what kind of thing a plain HTTP request is for
 *
 * Browsers send no Sec-Fetch-* over plain HTTP, so: Accept, then the extension, then
 * the method; and once the answer is there its Content-Type.
 */
#ifndef DEJUNK_RESOURCE_H
#define DEJUNK_RESOURCE_H

#include "http1_head.h"
#include "rules.h"

/* resource_is_navigation - Accept begins with text/html: somebody follows a link.  Such a request
 * is never third party (DESIGN: following a link must not lose a session). */
bool resource_is_navigation(struct span accept);

/* resource_guess - from the request alone
 * @h:          parsed request
 * @extension:  url_extension() of its path
 * @cross_site: Referer is of another site (a navigation is then taken as a frame)
 * Returns RES_UNKNOWN when nothing tells. */
enum resource resource_guess(const struct http1_head *h, struct span extension, bool cross_site);

/* resource_of_answer - the guess, made better by the answer's Content-Type
 * Only RES_UNKNOWN is changed; returns what to use from now on. */
enum resource resource_of_answer(enum resource guess, struct span content_type);

#endif
