package dev.ratoon.model;

/** What holds between the VMs of a group. */
public enum GroupRule {
  /** No two on one host. */
  APART,
  /** All on one host. */
  TOGETHER
}
