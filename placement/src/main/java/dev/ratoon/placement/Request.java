package dev.ratoon.placement;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is asked for, in the numbers of one fleet. */
final class Request {
  private final VmNeeds needs;
  private final List<BaseWanted> bases;
  private final Scope scope;
  private final long memoryMebibytes;
  private final long diskMebibytes;
  private final long copyNanos;

  /**
   * Which hosts come into question. {@code suited}: see {@link Shapes#suited}; {@code only}: their
   * numbers, or null for all; {@code group}: where the VMs of its group are, or null without one.
   */
  static final class Scope {
    private final int[] suited;
    private final int @Nullable [] only;
    private final @Nullable GroupHosts group;

    Scope(int[] suited, int @Nullable [] only, @Nullable GroupHosts group) {
      this.suited = suited;
      this.only = only;
      this.group = group;
    }
  }

  /**
   * @param copyNanos what copying bases whole takes
   */
  Request(VmNeeds needs, List<BaseWanted> bases, Scope scope, long copyNanos) {
    this.needs = needs;
    this.bases = bases;
    this.scope = scope;
    this.copyNanos = copyNanos;
    this.memoryMebibytes = Row.mebibytes(needs.memoryBytes());
    this.diskMebibytes = Row.mebibytes(needs.diskBytes());
  }

  VmNeeds needs() {
    return needs;
  }

  List<BaseWanted> bases() {
    return bases;
  }

  long memoryMebibytes() {
    return memoryMebibytes;
  }

  long diskMebibytes() {
    return diskMebibytes;
  }

  long copyNanos() {
    return copyNanos;
  }

  /** Numbers of the hosts that come into question, ascending; null for all. */
  int @Nullable [] only() {
    return scope.only;
  }

  /** Where the VMs of its group are; null for a VM without one. */
  @Nullable GroupHosts group() {
    return scope.group;
  }

  long allBasesBytes() {
    long sum = 0;
    for (BaseWanted base : bases) {
      sum += base.bytes();
    }
    return sum;
  }

  /** Whether a shape from the first to the last is as demanded. */
  boolean suits(long firstShape, long lastShape) {
    return scope.suited[(int) lastShape + 1] > scope.suited[(int) firstShape];
  }
}
