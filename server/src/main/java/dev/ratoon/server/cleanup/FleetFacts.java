package dev.ratoon.server.cleanup;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ImageRef;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is known of a fleet's caches.
 *
 * @param caches all of them, whatever is planned for
 * @param images the names of bases, of all tenants
 * @param users who stands on a base anywhere in the fleet, in words
 * @param moving the bases that are on their way to some cache just now
 */
public record FleetFacts(
    Instant now,
    List<CacheFacts> caches,
    Map<DiskId, List<ImageRef>> images,
    Map<DiskId, List<String>> users,
    Set<DiskId> moving) {
  List<ImageRef> images(DiskId base) {
    return images.getOrDefault(base, List.of());
  }

  List<String> users(DiskId base) {
    return users.getOrDefault(base, List.of());
  }
}
