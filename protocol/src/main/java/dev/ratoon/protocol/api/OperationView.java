package dev.ratoon.protocol.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * An operation: durable, and resumed after a crash.
 *
 * @param subject the name of the VM or image it is about, or "image on host", "path on host"
 * @param vm the VM it is about
 * @param problem why it failed; while it runs, what keeps it waiting
 * @param result in words, when it is done: for example which base disk an import led to
 * @param base the base disk it is about, on {@code host}
 * @param host where it is, if it is not about a VM
 */
public record OperationView(
    OperationId id,
    OperationKind kind,
    String subject,
    Optional<VmId> vm,
    OperationState state,
    List<OperationStep> steps,
    Optional<Problem> problem,
    Optional<String> result,
    Instant createdAt,
    Optional<Instant> endedAt,
    Optional<DiskId> base,
    Optional<HostId> host) {}
