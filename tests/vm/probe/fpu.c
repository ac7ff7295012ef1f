// SPDX-License-Identifier: GPL-2.0-only
/*
 * Somebody else's FPU sections, long ones: until 6.14 softirqs run in the middle of
 * them, and a completion that then used the registers would garble them.
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>

#include "probe.h"

#define SPIN_US 300

static DEFINE_PER_CPU(struct task_struct *, threads);
static atomic_t garbled = ATOMIC_INIT(0), sections = ATOMIC_INIT(0);

/* Six registers of 32 bytes, as AVX code would hold; objtool wants no FPU use elsewhere. */
static void hold_registers(void)
{
	u8 in[32] __aligned(32), out[6][32] __aligned(32);
	unsigned int i;

	memset(in, 0x5a ^ raw_smp_processor_id(), sizeof(in));
	kernel_fpu_begin();
	asm volatile("vmovdqu %0, %%ymm0\n\tvmovdqu %0, %%ymm3\n\tvmovdqu %0, %%ymm8\n\t"
		     "vmovdqu %0, %%ymm10\n\tvmovdqu %0, %%ymm13\n\tvmovdqu %0, %%ymm15"
		     : : "m"(in));
	udelay(SPIN_US);
	asm volatile("vmovdqu %%ymm0, %0\n\tvmovdqu %%ymm3, %1\n\tvmovdqu %%ymm8, %2\n\t"
		     "vmovdqu %%ymm10, %3\n\tvmovdqu %%ymm13, %4\n\tvmovdqu %%ymm15, %5\n\tvzeroupper"
		     : "=m"(out[0]), "=m"(out[1]), "=m"(out[2]), "=m"(out[3]), "=m"(out[4]), "=m"(out[5]));
	kernel_fpu_end();
	for (i = 0; i < 6; i++)
		if (memcmp(out[i], in, sizeof(in)) != 0)
			atomic_inc(&garbled);
	atomic_inc(&sections);
}

static int hold(void *unused)
{
	while (!kthread_should_stop()) {
		hold_registers();
		cond_resched();
	}
	return 0;
}

int probe_fpu_start(void)
{
	struct task_struct *thread;
	int cpu;

	if (!boot_cpu_has(X86_FEATURE_AVX))
		return -EOPNOTSUPP;
	atomic_set(&garbled, 0);
	atomic_set(&sections, 0);
	for_each_online_cpu(cpu) {
		if (per_cpu(threads, cpu))
			return -EBUSY;
		thread = kthread_create_on_cpu(hold, NULL, cpu, "probe/%u");
		if (IS_ERR(thread))
			return PTR_ERR(thread);
		per_cpu(threads, cpu) = thread;
		wake_up_process(thread);
	}
	return 0;
}

int probe_fpu_stop(void)
{
	bool running = false;
	int cpu;

	for_each_possible_cpu(cpu) {
		if (!per_cpu(threads, cpu))
			continue;
		running = true;
		kthread_stop(per_cpu(threads, cpu));
		per_cpu(threads, cpu) = NULL;
	}
	if (!running)
		return 0;
	pr_info("envol-probe: %d FPU sections, %d registers garbled\n",
		atomic_read(&sections), atomic_read(&garbled));
	return atomic_read(&garbled) || !atomic_read(&sections) ? -EBADMSG : 0;
}
