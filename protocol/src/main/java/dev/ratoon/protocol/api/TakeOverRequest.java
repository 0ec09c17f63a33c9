package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import java.util.Optional;

/**
 * A libvirt domain that is to become a VM of Ratoon's.
 *
 * @param name of the VM; unless told, the domain's
 */
public record TakeOverRequest(Optional<EntityName> name) {}
