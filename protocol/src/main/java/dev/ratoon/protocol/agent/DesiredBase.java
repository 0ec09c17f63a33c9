package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;

/**
 * What a host is to do for a base disk, beside what its VMs need.
 *
 * @param revision of the host's desired state in which it was asked for: what was given up is tried
 *     again when it is asked for anew
 */
public record DesiredBase(DiskId diskId, BaseTask task, long revision) {}
