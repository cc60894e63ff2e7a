/* balancer.c: programs of a cgroup (BPF): a service address that the system translates, as a
 * balancer of containers does, and a quick first retransmission of connects. */
#define _GNU_SOURCE
#include "twins.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

bool balancer_translates, balancer_is_quick;

static char parent[256], folder[300];

static int call_bpf(int command, union bpf_attr *attributes)
{
    return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

static bool attach(int cgroup, const struct bpf_insn *program, unsigned count, unsigned type,
                   unsigned at)
{
    union bpf_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.prog_type = type;
    attributes.expected_attach_type = at;
    attributes.insns = (uintptr_t)program;
    attributes.insn_cnt = count;
    attributes.license = (uintptr_t) "GPL";
    int fd = call_bpf(BPF_PROG_LOAD, &attributes);
    memset(&attributes, 0, sizeof attributes);
    attributes.target_fd = (unsigned)cgroup;
    attributes.attach_bpf_fd = (unsigned)fd;
    attributes.attach_type = at;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    bool is_attached = fd >= 0 && call_bpf(BPF_PROG_ATTACH, &attributes) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return is_attached;
}

/* r2 = user_ip4 of the context (bpf(2), struct bpf_sock_addr); if it is from, it becomes to. The
 * result is 1: the call goes on. */
static bool translate(int cgroup, unsigned at, uint32_t from, uint32_t to)
{
    const struct bpf_insn program[] = {
        {BPF_LDX | BPF_MEM | BPF_W, 2, 1, 4, 0},
        {BPF_JMP | BPF_JNE | BPF_K, 2, 0, 2, (int)htonl(from)},
        {BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, (int)htonl(to)},
        {BPF_STX | BPF_MEM | BPF_W, 1, 3, 4, 0},
        {BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1},
        {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
    };
    return attach(cgroup, program, 6, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, at);
}

/* struct bpf_sock_ops has op and reply. 40 ticks instead of one second until the first SYN is sent
 * again: 40 to 400 ms. */
static bool hurry(int cgroup)
{
    const struct bpf_insn program[] = {
        {BPF_LDX | BPF_MEM | BPF_W, 2, 1, 0, 0},
        {BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, -1},
        {BPF_JMP | BPF_JNE | BPF_K, 2, 0, 1, BPF_SOCK_OPS_TIMEOUT_INIT},
        {BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 40},
        {BPF_STX | BPF_MEM | BPF_W, 1, 3, 4, 0},
        {BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1},
        {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
    };
    return attach(cgroup, program, 7, BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS);
}

static bool find_cgroups(void)
{
    char line[600], path[256], type[64];
    FILE *mounts = fopen("/proc/mounts", "r");
    bool is_found = false;
    while (mounts != NULL && !is_found && fgets(line, sizeof line, mounts) != NULL) {
        is_found = sscanf(line, "%*s %255s %63s", path, type) == 2 && strcmp(type, "cgroup2") == 0;
    }
    if (mounts != NULL) {
        fclose(mounts);
    }
    snprintf(parent, sizeof parent, "%s", path);
    return is_found;
}

static void move_into(const char *cgroup)
{
    char path[340];
    snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
    FILE *file = fopen(path, "w");
    if (file != NULL) {
        fprintf(file, "%d\n", (int)getpid());
        fclose(file);
    }
}

/* Removes the folders of runs that were killed. One with a process in it stays. */
static void remove_old_folders(void)
{
    char pattern[300];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/ferrule-twins-*", parent);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            (void)rmdir(found.gl_pathv[i]);
        }
        globfree(&found);
    }
}

/* Without getpeername4, as in systems before Linux 5.8: the peer's address is the translated
 * one. */
bool balancer_start(void)
{
    uint32_t service = 0x0a050001, peer = ntohl(inet_addr(BPF_PEER));
    if (!find_cgroups()) {
        return false;
    }
    remove_old_folders();
    snprintf(folder, sizeof folder, "%s/ferrule-twins-%d", parent, (int)getpid());
    if (mkdir(folder, 0755) != 0) {
        folder[0] = '\0';
        return false;
    }
    int cgroup = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    move_into(folder);
    balancer_translates = translate(cgroup, BPF_CGROUP_INET4_CONNECT, service, peer) &&
                          translate(cgroup, BPF_CGROUP_UDP4_SENDMSG, service, peer) &&
                          translate(cgroup, BPF_CGROUP_UDP4_RECVMSG, peer, service);
    balancer_is_quick = hurry(cgroup);
    close(cgroup);
    return balancer_translates;
}

void balancer_stop(void)
{
    if (folder[0] != '\0') {
        move_into(parent);
        rmdir(folder);
    }
}
