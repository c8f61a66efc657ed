/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_list_checksum - links: list_checksum list_detect list_hosts list_dnsmasq list_wildcard list_rpz host addr
 *
 * Carriage returns and empty lines are nothing to it: a text says the same with all its carriage returns gone, and with
 * each newline doubled.
 */
#include <stdint.h>
#include <stdlib.h>

#include "list_checksum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum list_checksum is = list_checksum((struct span){ (const char *)data, size });
	char *other = malloc(2 * size + 1);
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		/* a return that ends a line by itself is another matter */
		if (data[i] == '\r' && (i + 1 == size || data[i + 1] != '\n')) {
			free(other);
			return 0;
		}
		if (data[i] == '\r')
			continue;
		other[n++] = (char)data[i];
		if (data[i] == '\n')
			other[n++] = '\n';
	}
	if (list_checksum((struct span){ other, n }) != is)
		abort();
	free(other);
	return 0;
}
