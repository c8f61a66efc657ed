/* SPDX-License-Identifier: GPL-3.0-or-later */
/* relay - read, write, splice; the pipes for it are kept and lent like buffers */
#include "relay.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "reached.h"

enum {
	RELAY_SLIVER = 2048,		/* bytes; a read into less is not worth its system call */
	/* A read takes all there is: each is acknowledged, and the origin works at every acknowledgement.  What is written
	 * at once is two packets of the kernel's (it has up to 17 fragments, of a page each), then others have their turn:
	 * a turn costs more than a packet, but many in a row meet their receiver at work on another CPU, overtake each other
	 * and are sent again, and where the kernel paces what it sends (BBR) they wake its timers. */
	PIPE_BYTES = 1024 * 1024,	/* the most that the kernel gives everybody (fs.pipe-max-size) */
	PIPES_LARGE = 8,		/* have so much; the others what the kernel makes them: a user may have 64 MiB in all */
	PIECE_BYTES = 120 * 1024,	/* of a large pipe; the others hold no more than a packet has room for */
	PIPES_KEPT = 16,		/* idle pipes */
};

struct pipe {
	struct pipe *next;
	int r, w;
	uint32_t held;			/* bytes in it */
	bool large;
};

static struct {
	struct pipe *free;
	unsigned kept, open, large;
} pipes;

static struct pipe *pipe_borrow(void)
{
	struct pipe *p = pipes.free;
	int fd[2];

	if (p) {
		pipes.free = p->next;
		pipes.kept--;
		return p;
	}
	if (pipes.open >= LIMIT_PIPES) {
		reached_quietly(LIMIT_ID_PIPES);
		return NULL;
	}
	p = malloc(sizeof(*p));
	if (!p)
		return NULL;
	if (pipe2(fd, O_NONBLOCK | O_CLOEXEC) < 0) {
		free(p);
		return NULL;
	}
	*p = (struct pipe){ .r = fd[0], .w = fd[1] };
	p->large = pipes.large < PIPES_LARGE && fcntl(p->w, F_SETPIPE_SZ, PIPE_BYTES) > 0;
	pipes.large += p->large;
	pipes.open++;
	return p;
}

/* a pipe that still holds bytes of a dead connection is never lent again */
static void pipe_return(struct pipe *p)
{
	if (p->held == 0 && pipes.kept < PIPES_KEPT) {
		p->next = pipes.free;
		pipes.free = p;
		pipes.kept++;
		return;
	}
	close(p->r);
	close(p->w);
	pipes.large -= p->large;
	pipes.open--;
	free(p);
}

unsigned relay_pipes(void)
{
	return pipes.open;
}

ssize_t relay_read(struct side *s, size_t first, size_t most)
{
	size_t len = buf_len(&s->in), room;
	ssize_t n;

	if (len >= most)
		return -ENOBUFS;
	room = buf_room(&s->in, first, len ? RELAY_SLIVER : 1);
	if (room == 0)
		return -ENOBUFS;
	do
		n = recv(s->io.fd, buf_end(&s->in), room, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		n = -errno;
	} else if (n == 0) {
		s->eof = true;
	} else {
		buf_added(&s->in, (size_t)n);
		s->bulk = (size_t)n == room;
	}
	if (buf_len(&s->in) == 0)
		buf_clear(&s->in);
	return n;
}

ssize_t relay_splice(struct side *from, uint64_t most)
{
	size_t want = most < PIPE_BYTES ? (size_t)most : PIPE_BYTES;
	struct pipe *p = pipe_borrow();
	ssize_t n;

	assert(!from->pipe && buf_len(&from->in) == 0);
	if (!p)
		return -ENOBUFS;
	do
		n = splice(from->io.fd, NULL, p->w, NULL, want, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		p->held = (uint32_t)n;
		from->pipe = p;
		from->bulk = n >= BUF_MODEST;
		return n;
	}
	if (n < 0)
		n = -errno;
	else
		from->eof = true;
	pipe_return(p);
	return n;
}

size_t relay_pending(const struct side *from)
{
	return from->pass + (from->pipe ? from->pipe->held : 0);
}

/* a socket that is written to a second time must not wait for the acknowledgement of the
 * first; one that is written once needs no such call */
static void relay_nodelay(struct side *s)
{
	int on = 1;

	if (s->wrote && !s->nodelay) {
		setsockopt(s->io.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		s->nodelay = true;
	}
	s->wrote = true;
}

/* The pipe is filled only when the buffer is empty, and the buffer only when the pipe is: there is
 * never a question which comes first. */
static ssize_t relay_write_pipe(struct side *to, struct side *from)
{
	struct pipe *p = from->pipe;
	size_t piece = p->large && p->held > PIECE_BYTES ? PIECE_BYTES : p->held;
	ssize_t n;

	do
		n = splice(p->r, NULL, to->io.fd, NULL, piece, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n;
	p->held -= (uint32_t)n;
	if (p->held == 0) {
		pipe_return(p);
		from->pipe = NULL;
	}
	return n;
}

static ssize_t relay_write_bytes(struct side *to, struct buf *out, struct side *from)
{
	struct iovec iov[2];
	int count = 0;
	size_t first = out ? buf_len(out) : 0;
	ssize_t n;

	if (first)
		iov[count++] = (struct iovec){ out->mem + out->at, first };
	if (from->pass)
		iov[count++] = (struct iovec){ from->in.mem + from->in.at, from->pass };
	do
		n = count == 1 ? send(to->io.fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL)
			       : writev(to->io.fd, iov, count);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n;
	if (first > (size_t)n)
		first = (size_t)n;
	if (first)
		buf_take(out, first);
	if ((size_t)n > first) {
		buf_take(&from->in, (size_t)n - first);
		from->pass -= (uint32_t)((size_t)n - first);
		from->starved = false;
	}
	return n;
}

ssize_t relay_flush(struct side *to, struct buf *out, struct side *from)
{
	ssize_t n, sum = 0;

	while (!to->full) {
		size_t bytes = from->pass + (out ? buf_len(out) : 0);
		size_t want = bytes ? bytes : relay_pending(from);

		if (want == 0)
			break;
		relay_nodelay(to);
		n = bytes ? relay_write_bytes(to, out, from) : relay_write_pipe(to, from);
		if (n < 0 && errno != EAGAIN)
			return -errno;
		/* less than all: the next call would find no room, or it is the others' turn */
		to->full = n < (ssize_t)want;
		if (n > 0)
			sum += n;
	}
	return sum;
}

void relay_shut(struct side *s)
{
	if (!s->shut && s->link == SIDE_OPEN)
		shutdown(s->io.fd, SHUT_WR);
	s->shut = true;
}

void relay_reset_on_close(struct side *s)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (s->link == SIDE_OPEN)
		setsockopt(s->io.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void relay_clear(struct side *s)
{
	buf_clear(&s->in);
	s->pass = 0;
	s->starved = false;
	if (s->pipe) {
		pipe_return(s->pipe);
		s->pipe = NULL;
	}
}
