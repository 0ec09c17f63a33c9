# A guest of one boot sector that proves hardware acceleration by needing it. It asks what any
# operating system asks of a processor: interrupts in real mode, page tables, long mode, interrupts
# there; then it counts, which takes a processor a fraction of a second and a KVM that interprets
# privileged code minutes. At its end it writes 0x10 to QEMU's exit port, and QEMU exits with 33.
#
#   as trial.S -o trial.o && ld -Ttext 0x7c00 --oformat binary trial.o -o trial.bin

.set PIC_COMMAND, 0x20
.set PIC_DATA, 0x21
.set PIT_CHANNEL, 0x40
.set PIT_COMMAND, 0x43
.set EXIT_PORT, 0xf4
.set TICKS, 50
.set TABLES, 0x1000             # page tables, 0x1000 to 0x3fff
.set VECTORS, 0x5000            # interrupt table of long mode

.code16
.globl _start
_start:
  cli
  xor %ax, %ax
  mov %ax, %ds
  mov %ax, %es
  mov %ax, %ss
  mov $0x7c00, %sp
  movw $tick16, 8 * 4           # the BIOS has put IRQ 0 at vector 8
  movw %ax, 8 * 4 + 2
  mov $0x34, %al                # about 1000 interrupts a second
  out %al, $PIT_COMMAND
  mov $0xa9, %al
  out %al, $PIT_CHANNEL
  mov $0x04, %al
  out %al, $PIT_CHANNEL
  mov $0xfe, %al
  out %al, $PIC_DATA
  sti
wait16:
  hlt
  cmpw $TICKS, count
  jb wait16
  cli

  mov $TABLES, %edi             # the first GiB, mapped to itself in pages of 2 MiB
  mov %edi, %cr3
  xor %eax, %eax
  mov $0xc00, %ecx
  rep stosl
  movl $TABLES + 0x1003, TABLES
  movl $TABLES + 0x2003, TABLES + 0x1000
  movl $0x83, %eax
  mov $TABLES + 0x2000, %edi
fill:
  mov %eax, (%edi)
  add $8, %edi
  add $0x200000, %eax
  cmp $TABLES + 0x3000, %edi
  jb fill
  mov $0x20, %eax               # CR4.PAE
  mov %eax, %cr4
  mov $0xc0000080, %ecx         # EFER.LME
  rdmsr
  or $0x100, %eax
  wrmsr
  mov $0x80000001, %eax         # CR0.PG and CR0.PE
  mov %eax, %cr0
  lgdt segments_pointer
  ljmp $8, $long

.code64
long:
  mov $16, %ax
  mov %ax, %ss
  mov %ax, %ds
  mov $VECTORS + 0x20 * 16, %edi
  mov $tick64, %eax
  mov %ax, (%rdi)
  movw $8, 2(%rdi)
  movw $0x8e00, 4(%rdi)
  movw $0, 6(%rdi)
  movq $0, 8(%rdi)
  lidt vectors_pointer
  mov $0x11, %al                # move IRQ 0 to vector 0x20
  out %al, $PIC_COMMAND
  mov $0x20, %al
  out %al, $PIC_DATA
  mov $4, %al
  out %al, $PIC_DATA
  mov $1, %al
  out %al, $PIC_DATA
  mov $0xfe, %al
  out %al, $PIC_DATA
  movw $0, count
  mov $0x7000, %esp
  sti
wait64:
  hlt
  cmpw $TICKS, count
  jb wait64
  mov $300000000, %ecx
work:
  dec %ecx
  jnz work
  mov $0x10, %al
  out %al, $EXIT_PORT
stop:
  hlt
  jmp stop

tick64:
  push %rax
  incw count
  mov $0x20, %al
  out %al, $PIC_COMMAND
  pop %rax
  iretq

.code16
tick16:
  push %ax
  incw count
  mov $0x20, %al
  out %al, $PIC_COMMAND
  pop %ax
  iret

count: .word 0
.align 8
segments: .quad 0, 0x00209a0000000000, 0x0000920000000000
segments_pointer: .word 23
  .long segments
vectors_pointer: .word 0x20f
  .quad VECTORS
.org 510
.word 0xaa55
