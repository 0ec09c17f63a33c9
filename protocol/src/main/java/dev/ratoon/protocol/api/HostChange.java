package dev.ratoon.protocol.api;

import java.util.List;
import java.util.Optional;

/**
 * Says something else of a host; what is absent stays.
 *
 * @param cluster its new cluster; an empty text takes it out of the one that it is in
 * @param tags all its tags
 * @param maintenance whether no new VM is to come to it
 */
public record HostChange(
    Optional<String> cluster, Optional<List<String>> tags, Optional<Boolean> maintenance) {}
