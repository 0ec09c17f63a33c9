package dev.ratoon.agent.hypervisor;

import java.nio.file.Path;

/**
 * UEFI firmware.
 *
 * @param code its program, shared by all VMs and read only
 * @param vars its variables: a file of the VM's own
 */
public record Uefi(Path code, Path vars) {}
