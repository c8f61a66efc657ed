/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtnl_parts - private to rtnl*.c: asking the kernel, and reading attributes */
#ifndef DEJUNK_RTNL_PARTS_H
#define DEJUNK_RTNL_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include "rtnl.h"

/* rtnl_attributes - put each attribute of the message into @tb by its type; those above @max are left out */
void rtnl_attributes(const struct nlmsghdr *h, size_t head, const struct nlattr **tb, uint16_t max);
/* rtnl_attr_u32 - a number of four bytes; 0 where there is none */
uint32_t rtnl_attr_u32(const struct nlattr *a);
/* rtnl_dump - all of @type, @cb on each; @extra: bytes of the family's own header.  0 or a negative errno */
int rtnl_dump(struct rtnl *r, uint16_t type, size_t extra, int family, mnl_cb_t cb, void *data);

#endif
