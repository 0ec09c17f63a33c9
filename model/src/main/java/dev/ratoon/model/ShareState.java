package dev.ratoon.model;

/** How a host finds a share. */
public enum ShareState {
  /** It was not looked at yet, or no host has prepared it yet. */
  PREPARING,
  READY,
  /** It does not answer. Nothing new is done with it until it does; VMs on it are left alone. */
  STALLED,
  /** It is not there, not the right one, or not to be trusted. */
  UNUSABLE
}
