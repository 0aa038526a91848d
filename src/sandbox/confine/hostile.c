/* A program that tries to have effects outside. Roles: prepare, victim, observe, attempt.
 * Each attempt has a file of its name and a folder NAME.d in the folder it is given; what else it reaches tells of it there. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

static const char *dir;
static pid_t victim;
static volatile long target = 7;
static char buffer[4200];

static char *at(const char *name) { static char paths[4][4200]; static int next; char *p = paths[next++ & 3]; snprintf(p, 4200, "%s/%s", dir, name); return p; }
static void tell(const char *name) { int f = open(at(name), O_WRONLY | O_APPEND | O_NONBLOCK); if (f >= 0) { if (write(f, "!", 1)) {} close(f); } }
static int port(int kind) { return 20000 + (int)(getenv("SEED") ? atoi(getenv("SEED")) : 0) % 20000 + kind; }
static key_t key(void) { return 0x5cc00000 + port(0); }
static char *queue(void) { snprintf(buffer, sizeof buffer, "/spec-cc-%d", port(0)); return buffer; }
static struct sockaddr_in inet4(int kind) { struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port(kind)), .sin_addr = {htonl(INADDR_LOOPBACK)}}; return a; }
static struct sockaddr_nl netlink_of(pid_t process) { struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_pid = (unsigned)process}; return a; }
static struct sockaddr_un local(const char *name, int abstract) { struct sockaddr_un a = {.sun_family = AF_UNIX}; snprintf(a.sun_path + abstract, 100, "%s", abstract ? name : at(name)); if (abstract) snprintf(a.sun_path + 1, 100, "spec-cc-%s-%d", name, port(0)); return a; }

/* Files. */
static void append(void) { tell("append"); }
static void replace(void) { close(open(at("replace"), O_WRONLY | O_TRUNC)); }
static void cut(void) { truncate(at("cut"), 0); }
static void mode(void) { chmod(at("mode"), 0700); }
static void mode_by_descriptor(void) { fchmod(open(at("mode_by_descriptor"), O_RDONLY), 0700); }
static void owner(void) { if (lchown(at("owner"), getuid(), getgid())) {} }
static void owner_by_descriptor(void) { if (fchown(open(at("owner_by_descriptor"), O_RDONLY), getuid(), getgid())) {} }
static void times(void) { struct timeval t[2] = {{1, 0}, {1, 0}}; utimes(at("times"), t); }
static void times_by_descriptor(void) { futimens(open(at("times_by_descriptor"), O_RDONLY), NULL); }
static void attribute(void) { setxattr(at("attribute"), "user.x", "1", 1, 0); }
static void attribute_by_descriptor(void) { fsetxattr(open(at("attribute_by_descriptor"), O_RDONLY), "user.x", "1", 1, 0); }
static void inode_flags(void) { int f = open(at("inode_flags"), O_RDONLY), flags = 0; ioctl(f, _IOR('f', 1, long), &flags); flags |= 0x40; ioctl(f, _IOW('f', 2, long), &flags); }
static void read_time(void) { if (read(open(at("read_time"), O_RDONLY), buffer, 1)) {} }
static void mapped(void) { int f = open(at("mapped"), O_RDWR); char *m = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0); if (m != MAP_FAILED) { m[0] = '?'; msync(m, 1, MS_SYNC); } }
static void reopened(void) { char p[64]; snprintf(p, 64, "/proc/self/fd/%d", open(at("reopened"), O_RDONLY)); int f = open(p, O_WRONLY | O_APPEND); if (write(f, "!", 1)) {} }
static void through_a_link(void) { char p[64]; snprintf(p, 64, "/tmp/spec-cc-link-%d", port(0)); if (symlink(at("through_a_link"), p)) {} int f = open(p, O_WRONLY | O_APPEND); if (write(f, "!", 1)) {} unlink(p); }
static void hard_link(void) { link(at("hard_link"), at("hard_link.d/new")); }
static void symbolic_link(void) { symlink("x", at("symbolic_link.d/new")); }
static void move(void) { rename(at("move"), at("move.d/new")); }
static void exchange(void) { syscall(SYS_renameat2, AT_FDCWD, at("exchange"), AT_FDCWD, at("exchange.d/new"), 0); }
static void folder(void) { mkdir(at("folder.d/new"), 0700); }
static void remove_folder(void) { rmdir(at("remove_folder.d")); }
static void remove_file(void) { unlink(at("remove_file")); }
static void fifo(void) { mkfifo(at("fifo.d/new"), 0600); }
static void socket_file(void) { mknod(at("socket_file.d/new"), S_IFSOCK | 0600, 0); }
static void file(void) { close(creat(at("file.d/new"), 0600)); }
static void unnamed(void) { int f = open(at("unnamed.d"), O_TMPFILE | O_RDWR, 0600); char p[64]; snprintf(p, 64, "/proc/self/fd/%d", f); linkat(AT_FDCWD, p, AT_FDCWD, at("unnamed.d/new"), AT_SYMLINK_FOLLOW); }
static void allocate(void) { int f = open(at("allocate"), O_RDWR); if (posix_fallocate(f, 0, 100)) {} }
static void from_folder(void) { int d = open(dir, O_PATH); int f = openat(d, "from_folder", O_WRONLY | O_APPEND); if (write(f, "!", 1)) {} }
static void by_handle(void) { union { struct file_handle h; char room[200]; } u; int mount; u.h.handle_bytes = 128; if (name_to_handle_at(AT_FDCWD, at("by_handle"), &u.h, &mount, 0)) return; int d = open(dir, O_RDONLY); int f = open_by_handle_at(d, &u.h, O_WRONLY | O_APPEND); if (write(f, "!", 1)) {} }
static void remounted(void) { if (!getenv("BARE")) mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL); tell("remounted"); }
static void own_namespace(void) { unshare(CLONE_NEWUSER | CLONE_NEWNS); mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL); tell("own_namespace"); }
static void entered(void) { char p[64]; snprintf(p, 64, "/proc/%d/ns/mnt", victim); setns(open(p, O_RDONLY), 0); tell("entered"); }
static void others_root(void) { char p[4300]; snprintf(p, sizeof p, "/proc/%d/root%s", victim, at("others_root")); int f = open(p, O_WRONLY | O_APPEND); if (write(f, "!", 1)) {} }
static void others_folder(void) { char p[4300]; snprintf(p, sizeof p, "/proc/%d/cwd/others_folder", victim); int f = open(p, O_WRONLY | O_APPEND); if (write(f, "!", 1)) {} }
static void others_descriptor(void) { char p[64]; snprintf(p, 64, "/proc/%d/fd/201", victim); int f = open(p, O_WRONLY | O_APPEND); if (write(f, "!", 1)) {} }
static void descriptor_taken(void) { int f = syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, victim, 0), 200, 0); if (write(f, "!", 1)) {} }
static void shell(void) { snprintf(buffer, sizeof buffer, "if [ -e '%s/append' ]; then echo x >>'%s/shell'; fi", dir, dir); if (system(buffer)) {} }
static void daemonised(void) { if (fork() == 0) { setsid(); if (fork() == 0) { usleep(400000); tell("daemonised"); _exit(0); } _exit(0); } wait(NULL); }
static void program_of_a_thread(void) { if (vfork() == 0) { execl("/bin/sh", "sh", "-c", "echo x >>\"$0\"", at("program_of_a_thread"), NULL); _exit(1); } wait(NULL); }
static void foreign_call(void) {
#ifdef __x86_64__
    char *path = (char *)0x20000000; syscall(SYS_mmap, path, 8192, 3, 0x32, -1, 0); strcpy(path, at("foreign_call")); long f; __asm__ volatile("int $0x80" : "=a"(f) : "a"(5), "b"(path), "c"(O_WRONLY | O_APPEND), "d"(0) : "memory"); if (write((int)f, "!", 1)) {}
#else
    tell("foreign_call");
#endif
}
static void inherited(void) { for (int f = 3; f < 64; f++) { struct stat a, b; if (!fstat(f, &a) && !stat(at("inherited"), &b) && a.st_ino == b.st_ino && write(f, "!", 1)) {} } }

/* Pipes and sockets. */
static void pipe_write(void) { int f = open(at("pipe_write.d/in"), O_WRONLY | O_NONBLOCK); if (write(f, "!", 1)) {} }
static void pipe_both(void) { int f = open(at("pipe_both.d/in"), O_RDWR | O_NONBLOCK); if (write(f, "!", 1)) {} }
static void send_to(int f, void *a, socklen_t n, int stream) { if (stream) { if (connect(f, a, n)) return; if (send(f, "!", 1, 0)) {} } else if (sendto(f, "!", 1, 0, a, n)) {} }
static void udp(void) { struct sockaddr_in a = inet4(0); send_to(socket(AF_INET, SOCK_DGRAM, 0), &a, sizeof a, 0); }
static void tcp(void) { struct sockaddr_in a = inet4(1); send_to(socket(AF_INET, SOCK_STREAM, 0), &a, sizeof a, 1); }
static void datagram(void) { struct sockaddr_un a = local("datagram.d/in", 0); send_to(socket(AF_UNIX, SOCK_DGRAM, 0), &a, sizeof a, 0); }
static void stream(void) { struct sockaddr_un a = local("stream.d/in", 0); send_to(socket(AF_UNIX, SOCK_STREAM, 0), &a, sizeof a, 1); }
static void abstract_datagram(void) { struct sockaddr_un a = local("abstract_datagram", 1); send_to(socket(AF_UNIX, SOCK_DGRAM, 0), &a, sizeof a, 0); }
static void abstract_stream(void) { struct sockaddr_un a = local("abstract_stream", 1); send_to(socket(AF_UNIX, SOCK_STREAM, 0), &a, sizeof a, 1); }
static void pair(void) { int f[2]; struct sockaddr_un a = local("pair.d/in", 0); socketpair(AF_UNIX, SOCK_DGRAM, 0, f); send_to(f[0], &a, sizeof a, 0); }
static void seqpacket(void) { struct sockaddr_un a = local("seqpacket.d/in", 0); send_to(socket(AF_UNIX, SOCK_SEQPACKET, 0), &a, sizeof a, 1); }
static void netlink(void) { struct sockaddr_nl a = netlink_of(victim); send_to(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_USERSOCK), &a, sizeof a, 0); }
static void terminal_write(void) { int f = open(at("terminal_write.d/tty"), O_WRONLY | O_NOCTTY); if (write(f, "!", 1)) {} }
static void terminal_size(void) { struct winsize w = {7, 7, 0, 0}; ioctl(open(at("terminal_size.d/tty"), O_RDONLY | O_NOCTTY), TIOCSWINSZ, &w); }

/* Processes. */
static void signal_to_group(void) { kill(-victim, SIGRTMIN + 6); }
static void signal_by_kill(void) { kill(victim, SIGUSR1); }
static void signal_by_tgkill(void) { syscall(SYS_tgkill, victim, victim, SIGUSR2); }
static void signal_by_tkill(void) { syscall(SYS_tkill, victim, SIGRTMIN + 4); }
static void signal_by_queue(void) { union sigval v = {0}; sigqueue(victim, SIGRTMIN + 1, v); }
static void signal_by_descriptor(void) { int f = syscall(SYS_pidfd_open, victim, 0); syscall(SYS_pidfd_send_signal, f, SIGRTMIN + 2, NULL, 0); }
static void signal_by_folder(void) { char p[64]; snprintf(p, 64, "/proc/%d", victim); syscall(SYS_pidfd_send_signal, open(p, O_RDONLY | O_DIRECTORY), SIGRTMIN + 5, NULL, 0); }
static void signal_by_owner(void) { int f[2]; if (pipe(f)) return; fcntl(f[0], F_SETOWN, victim); fcntl(f[0], F_SETSIG, SIGRTMIN + 3); fcntl(f[0], F_SETFL, O_ASYNC); if (write(f[1], "!", 1)) {} }
static void priority(void) { setpriority(PRIO_PROCESS, victim, 7); }
static void affinity(void) { cpu_set_t s; CPU_ZERO(&s); CPU_SET(0, &s); sched_setaffinity(victim, sizeof s, &s); }
static void policy(void) { struct sched_param p = {0}; sched_setscheduler(victim, SCHED_BATCH, &p); }
static void io_priority(void) { syscall(SYS_ioprio_set, 1, victim, 2 << 13 | 7); }
static void limit(void) { struct rlimit l = {500, 500}; prlimit(victim, RLIMIT_NOFILE, &l, NULL); }
static void adjustment(void) { char p[64]; snprintf(p, 64, "/proc/%d/oom_score_adj", victim); int f = open(p, O_WRONLY); if (write(f, "900", 3)) {} }
static void memory_by_call(void) { long v = 8; struct iovec l = {&v, sizeof v}, r = {(void *)&target, sizeof v}; process_vm_writev(victim, &l, 1, &r, 1, 0); usleep(60000); }
static void memory_by_file(void) { char p[64]; snprintf(p, 64, "/proc/%d/mem", victim); int f = open(p, O_RDWR); long v = 9; if (pwrite(f, &v, sizeof v, (off_t)&target)) {} usleep(60000); }
static void traced(void) { if (ptrace(PTRACE_ATTACH, victim, 0, 0)) return; waitpid(victim, NULL, __WALL); ptrace(PTRACE_POKEDATA, victim, (void *)&target, 10); ptrace(PTRACE_DETACH, victim, 0, 0); }

/* What else is shared. */
static void segment(void) { char *m = shmat(shmget(key(), 4096, 0600), NULL, 0); if (m != (char *)-1) m[0]++; }
static void messages(void) { struct { long type; char text[1]; } m = {1, "!"}; msgsnd(msgget(key(), 0600), &m, 1, IPC_NOWAIT); }
static void semaphore(void) { struct sembuf b = {0, 1, IPC_NOWAIT}; semop(semget(key(), 1, 0600), &b, 1); }
static void posix_messages(void) { mq_send(mq_open(queue(), O_WRONLY | O_NONBLOCK), "!", 1, 0); }
static void posix_segment(void) { int f = shm_open(queue(), O_RDWR, 0600); if (write(f, "!", 1)) {} }
static void new_segment(void) { snprintf(buffer, sizeof buffer, "/spec-cc-new-%d", port(0)); shm_open(buffer, O_RDWR | O_CREAT, 0600); }
static void temporary(void) { snprintf(buffer, sizeof buffer, "/tmp/spec-cc-hostile-%d", port(0)); close(creat(buffer, 0600)); }
static void key_of_user(void) { char name[64]; snprintf(name, 64, "spec-cc-%d", port(0)); syscall(SYS_add_key, "user", name, "x", 1, -4); }
static void whole_lock(void) { flock(open(at("whole_lock"), O_RDONLY), LOCK_EX); usleep(300000); }
static void lease(void) { int f = open(at("lease"), O_RDONLY); fcntl(f, F_SETLEASE, F_RDLCK); usleep(300000); }
static void part_lock(void) { int f = open(at("part_lock"), O_RDONLY); struct flock l = {.l_type = F_RDLCK, .l_whence = SEEK_SET}; fcntl(f, F_SETLK, &l); usleep(300000); }

#define ACTS(X) X(append) X(replace) X(cut) X(mode) X(mode_by_descriptor) X(owner) X(times) X(times_by_descriptor) X(attribute) \
    X(attribute_by_descriptor) X(hard_link) X(symbolic_link) X(move) X(exchange) X(folder) X(remove_folder) X(remove_file) X(fifo) \
    X(owner_by_descriptor) X(inode_flags) X(read_time) X(mapped) X(reopened) X(through_a_link) X(others_descriptor) X(descriptor_taken) \
    X(seqpacket) X(netlink) X(terminal_write) X(terminal_size) X(signal_to_group) X(socket_file) X(file) X(unnamed) X(allocate) X(from_folder) X(by_handle) X(remounted) X(own_namespace) X(entered) X(others_root) \
    X(others_folder) X(shell) X(daemonised) X(program_of_a_thread) X(foreign_call) X(inherited) X(pipe_write) X(pipe_both) X(udp) X(tcp) \
    X(datagram) X(stream) X(abstract_datagram) X(abstract_stream) X(pair) X(signal_by_kill) X(signal_by_tgkill) X(signal_by_tkill) \
    X(signal_by_queue) X(signal_by_descriptor) X(signal_by_folder) X(signal_by_owner) X(priority) X(affinity) X(policy) X(io_priority) \
    X(limit) X(adjustment) X(memory_by_call) X(memory_by_file) X(traced) X(segment) X(messages) X(semaphore) X(posix_messages) \
    X(posix_segment) X(new_segment) X(temporary) X(key_of_user) X(whole_lock) X(lease) X(part_lock)
#define ROW(name) {#name, name},
static const struct { const char *name; void (*act)(void); } acts[] = {ACTS(ROW)};
#define COUNT (sizeof acts / sizeof *acts)

static void prepare(void) {
    for (size_t i = 0; i < COUNT; i++) {
        char name[100];
        close(creat(at(acts[i].name), 0600));
        tell(acts[i].name);
        snprintf(name, 100, "%s.d", acts[i].name);
        mkdir(at(name), 0700);
    }
    mkfifo(at("pipe_write.d/in"), 0600);
    mkfifo(at("pipe_both.d/in"), 0600);
    struct timeval t[2] = {{1000, 0}, {1000, 0}};
    utimes(at("owner"), t);
    utimes(at("read_time"), t);
    shmget(key(), 4096, IPC_CREAT | 0600);
    msgget(key(), IPC_CREAT | 0600);
    semget(key(), 1, IPC_CREAT | 0600);
    mq_open(queue(), O_RDWR | O_CREAT, 0600, NULL);
    close(shm_open(queue(), O_RDWR | O_CREAT, 0600));
}

static void on_signal(int s) {
    if (s == SIGUSR1) tell("signal_by_kill");
    if (s == SIGUSR2) tell("signal_by_tgkill");
    if (s == SIGRTMIN + 1) tell("signal_by_queue");
    if (s == SIGRTMIN + 2) tell("signal_by_descriptor");
    if (s == SIGRTMIN + 3) tell("signal_by_owner");
    if (s == SIGRTMIN + 4) tell("signal_by_tkill");
    if (s == SIGRTMIN + 5) tell("signal_by_folder");
    if (s == SIGRTMIN + 6) tell("signal_to_group");
}

static int bound(int family, int kind, void *a, socklen_t n) { int f = socket(family, kind, family == AF_NETLINK ? NETLINK_USERSOCK : 0), one = 1; setsockopt(f, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one); if (bind(f, a, n)) perror("bind"); if (kind == SOCK_STREAM || kind == SOCK_SEQPACKET) listen(f, 9); return f; }

/* A terminal that others find by these links; its other end. */
static int terminal(const char *link, int *slave) { int f = posix_openpt(O_RDWR | O_NOCTTY); grantpt(f); unlockpt(f); const char *name = ptsname(f); *slave = name ? open(name, O_RDWR | O_NOCTTY) : -1; if (name && symlink(name, at(link))) {} return f; }

static void be_victim(void) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    if (chdir(dir)) _exit(1);
    signal(SIGUSR1, on_signal); signal(SIGUSR2, on_signal);
    for (int s = 1; s <= 6; s++) signal(SIGRTMIN + s, on_signal);
    struct sockaddr_in u = inet4(0), t = inet4(1);
    struct sockaddr_un a = local("datagram.d/in", 0), b = local("stream.d/in", 0), c = local("abstract_datagram", 1), d = local("abstract_stream", 1), e = local("pair.d/in", 0), g = local("seqpacket.d/in", 0);
    struct sockaddr_nl n = netlink_of(getpid());
    int slaves[2];
    terminal("terminal_size.d/tty", &slaves[0]);
    dup2(open(at("descriptor_taken"), O_WRONLY | O_APPEND), 200);
    dup2(open(at("others_descriptor"), O_WRONLY | O_APPEND), 201);
    const char *names[] = {"udp", "tcp", "datagram", "stream", "abstract_datagram", "abstract_stream", "pair", "pipe_write", "pipe_both", "seqpacket", "netlink", "terminal_write"};
    int f[12] = {bound(AF_INET, SOCK_DGRAM, &u, sizeof u), bound(AF_INET, SOCK_STREAM, &t, sizeof t), bound(AF_UNIX, SOCK_DGRAM, &a, sizeof a), bound(AF_UNIX, SOCK_STREAM, &b, sizeof b), bound(AF_UNIX, SOCK_DGRAM, &c, sizeof c), bound(AF_UNIX, SOCK_STREAM, &d, sizeof d), bound(AF_UNIX, SOCK_DGRAM, &e, sizeof e), open(at("pipe_write.d/in"), O_RDWR), open(at("pipe_both.d/in"), O_RDWR), bound(AF_UNIX, SOCK_SEQPACKET, &g, sizeof g), bound(AF_NETLINK, SOCK_DGRAM, &n, sizeof n), terminal("terminal_write.d/tty", &slaves[1])};
    long last = 7;
    puts("ready"); fflush(stdout);
    for (;;) {
        struct pollfd p[12];
        for (int i = 0; i < 12; i++) p[i] = (struct pollfd){f[i], POLLIN, 0};
        if (poll(p, 12, 20) > 0)
            for (int i = 0; i < 12; i++)
                if (p[i].revents & POLLIN) { tell(names[i]); if (i == 1 || i == 3 || i == 5 || i == 9) close(accept(f[i], NULL, NULL)); else if (read(f[i], buffer, 1)) {} }
        if (target != last) { last = target; tell(last == 8 ? "memory_by_call" : last == 9 ? "memory_by_file" : "traced"); }
    }
}

static int entries(const char *name) { char p[100]; snprintf(p, 100, "%s.d", name); DIR *d = opendir(at(p)); int n = 0; while (d && readdir(d)) n++; if (d) closedir(d); return n; }

static long special(const char *name) {
    union semun { int val; } none = {0};
    struct msqid_ds q; struct mq_attr m = {0}; struct stat s; struct rlimit l = {0, 0}; cpu_set_t set;
    if (!strcmp(name, "priority")) return getpriority(PRIO_PROCESS, victim);
    if (!strcmp(name, "affinity")) { sched_getaffinity(victim, sizeof set, &set); return CPU_COUNT(&set); }
    if (!strcmp(name, "policy")) return sched_getscheduler(victim);
    if (!strcmp(name, "io_priority")) return syscall(SYS_ioprio_get, 1, victim);
    if (!strcmp(name, "limit")) { prlimit(victim, RLIMIT_NOFILE, NULL, &l); return (long)l.rlim_cur; }
    if (!strcmp(name, "adjustment")) { char p[64]; snprintf(p, 64, "/proc/%d/oom_score_adj", victim); FILE *f = fopen(p, "r"); int v = 0; if (f && fscanf(f, "%d", &v)) {} return v; }
    if (!strcmp(name, "segment")) { char *a = shmat(shmget(key(), 4096, 0600), NULL, SHM_RDONLY); return a == (char *)-1 ? -1 : a[0]; }
    if (!strcmp(name, "messages")) { msgctl(msgget(key(), 0600), IPC_STAT, &q); return (long)q.msg_qnum; }
    if (!strcmp(name, "semaphore")) return semctl(semget(key(), 1, 0600), 0, GETVAL, none);
    if (!strcmp(name, "posix_messages")) { mq_getattr(mq_open(queue(), O_RDONLY), &m); return m.mq_curmsgs; }
    if (!strcmp(name, "posix_segment")) { fstat(shm_open(queue(), O_RDONLY, 0600), &s); return s.st_size; }
    if (!strcmp(name, "new_segment")) { snprintf(buffer, sizeof buffer, "/spec-cc-new-%d", port(0)); return shm_open(buffer, O_RDONLY, 0600) >= 0; }
    if (!strcmp(name, "temporary")) { snprintf(buffer, sizeof buffer, "/tmp/spec-cc-hostile-%d", port(0)); return access(buffer, F_OK) == 0; }
    if (!strcmp(name, "key_of_user")) { char p[64]; snprintf(p, 64, "spec-cc-%d", port(0)); return syscall(SYS_keyctl, 10, -4, "user", p, 0) > 0; }
    if (!strcmp(name, "read_time")) { stat(at(name), &s); return s.st_atime; }
    if (!strcmp(name, "terminal_size")) { struct winsize w = {0}; ioctl(open(at("terminal_size.d/tty"), O_RDONLY | O_NOCTTY), TIOCGWINSZ, &w); return w.ws_row; }
    return 0;
}

static void observe(void) {
    for (size_t i = 0; i < COUNT; i++) {
        struct stat s = {0};
        const char *name = acts[i].name;
        if (lstat(at(name), &s)) memset(&s, 0, sizeof s);
        long change = s.st_ctim.tv_sec * 1000000000 + s.st_ctim.tv_nsec;
        printf("%s %ld %ld %d %ld\n", name, change, (long)s.st_size, entries(name), special(name));
    }
}

static void clean(void) {
    shmctl(shmget(key(), 4096, 0600), IPC_RMID, NULL); msgctl(msgget(key(), 0600), IPC_RMID, NULL); semctl(semget(key(), 1, 0600), 0, IPC_RMID);
    mq_unlink(queue()); shm_unlink(queue());
    snprintf(buffer, sizeof buffer, "/spec-cc-new-%d", port(0)); shm_unlink(buffer);
    snprintf(buffer, sizeof buffer, "/tmp/spec-cc-hostile-%d", port(0)); unlink(buffer);
    char p[64]; snprintf(p, 64, "spec-cc-%d", port(0)); long k = syscall(SYS_keyctl, 10, -4, "user", p, 0); if (k > 0) syscall(SYS_keyctl, 9, k, -4);
}

/* Locks tell of themselves while they are held. */
static void look_at_locks(void) {
    usleep(100000);
    int f = open(at("whole_lock"), O_RDONLY);
    if (flock(f, LOCK_EX | LOCK_NB)) puts("whole_lock");
    f = open(at("part_lock"), O_RDWR);
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    fcntl(f, F_GETLK, &l);
    if (l.l_type != F_UNLCK) puts("part_lock");
    if (open(at("lease"), O_WRONLY | O_NONBLOCK) < 0) puts("lease");
}

int main(int count, char **args) {
    if (count < 4) return 2;
    dir = args[2];
    victim = atoi(args[3]);
    if (!strcmp(args[1], "prepare")) prepare();
    if (!strcmp(args[1], "victim")) be_victim();
    if (!strcmp(args[1], "observe")) observe();
    if (!strcmp(args[1], "locks")) look_at_locks();
    if (!strcmp(args[1], "clean")) clean();
    if (!strcmp(args[1], "attempt")) {
        /* Each in a process of its own: some are ended for it. */
        for (size_t i = 0; i < COUNT; i++)
            if (count < 5 || strstr(args[4], acts[i].name)) { pid_t p = fork(); if (p == 0) { acts[i].act(); _exit(0); } if (count < 5) waitpid(p, NULL, 0); }
        while (wait(NULL) > 0) {}
        /* What was begun late has its time. */
        if (count < 5) usleep(700000);
        puts("attempted");
    }
    return 0;
}
