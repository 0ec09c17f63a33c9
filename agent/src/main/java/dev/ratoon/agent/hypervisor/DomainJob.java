package dev.ratoon.agent.hypervisor;

import dev.ratoon.model.VmId;
import java.nio.file.Path;

/**
 * What the hypervisor is doing to a disk of a domain.
 *
 * @param disk the file that the domain writes
 * @param kind as the hypervisor calls it
 * @param done of {@code total}, in units of the hypervisor's own
 */
public record DomainJob(VmId id, Path disk, String kind, long done, long total) {}
