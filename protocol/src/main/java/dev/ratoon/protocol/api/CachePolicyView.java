package dev.ratoon.protocol.api;

import java.util.Optional;

/**
 * A policy, and where it holds.
 *
 * @param host the host for whose own cache it is alone
 * @param share the share for which it is alone; without either it holds where no other does
 */
public record CachePolicyView(Optional<String> host, Optional<String> share, CachePolicy policy) {}
