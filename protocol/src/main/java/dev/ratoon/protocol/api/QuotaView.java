package dev.ratoon.protocol.api;

/**
 * What a tenant may have, and has.
 *
 * @param vms that it has outside the trash
 * @param memoryBytes that those are promised
 * @param diskBytes that the disks of its VMs may grow to, those in the trash included
 */
public record QuotaView(
    String tenant, TenantQuota most, long vms, long memoryBytes, long diskBytes) {}
