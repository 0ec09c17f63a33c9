package dev.ratoon.protocol;

/** What a caller must be allowed to do before an endpoint serves him. */
public enum Permission {
  /** None: the endpoint tells nothing about anybody. */
  PUBLIC,
  IMAGES_READ,
  IMAGES_WRITE,
  VMS_READ,
  VMS_WRITE,
  OPERATIONS_READ,
  HOSTS_READ,
  HOSTS_WRITE,
  BASES_READ,
  BASES_WRITE,
  SETTINGS_READ,
  SETTINGS_WRITE,
  METRICS_READ,
  /** Of an agent, by its certificate; no token has it. */
  AGENT
}
