/* SPDX-License-Identifier: MIT */
/* The first instructions of the processor: a stack, zeros in .bss, main, and the end. */
    .section .start
    .globl _start
_start:
    la sp, __stack
    la t0, trap
    csrw mtvec, t0
    la t0, __bss
    la t1, __bss_end
1:  bgeu t0, t1, 2f
    sw zero, 0(t0)
    addi t0, t0, 4
    j 1b
2:  call main
    j finish
trap:
    li a0, 255
finish:
    call system_end
3:  j 3b
