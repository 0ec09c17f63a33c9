package dev.ratoon.cache.share;

import dev.ratoon.cache.arrival.NanoClock;
import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who may put which base on a share: one host at a time.
 *
 * <p>A lease is a file that its holder rewrites every few seconds. Others believe that the holder
 * is gone when <em>they</em> have seen the file unchanged for long enough, by their own clock that
 * only goes forward; no two clocks are ever compared. To take over from lease N a host creates the
 * file of N+1, which the file server lets one alone do; the highest number counts. So nothing is
 * removed or renamed in a race, and a holder that slept sees that there is a higher number.
 *
 * <p>What lies on a share does not depend on any of this: a holder that was taken over without
 * noticing wrote to a file of its own, and publishing never replaces. Leases only save work.
 */
final class Leases {
  private static final int MOST_BYTES = 512;
  private static final Pattern CONTENT =
      Pattern.compile(
          "ratoon-lease 1\nholder ([0-9a-f-]{36})\nnonce ([0-9a-f-]{36})\nbeat ([0-9]{12})\n");

  private final ShareFiles files;
  private final String holder;
  private final NanoClock clock;
  private final long expiryNanos;
  private final Map<String, Observed> observed = new HashMap<>();
  private final Set<DiskId> inHand = ConcurrentHashMap.newKeySet();

  /** What another's lease said, and since when it has said just that. */
  private record Observed(String content, long sinceNanos) {}

  /**
   * @param holder this host's id
   * @param expiry how long another's lease has to be seen unchanged
   */
  Leases(ShareFiles files, String holder, NanoClock clock, Duration expiry) {
    this.files = files;
    this.holder = holder;
    this.clock = clock;
    this.expiryNanos = expiry.toNanos();
  }

  /** Takes the lease for a base, if nobody has it, or who had it is gone. */
  synchronized Optional<Lease> take(DiskId id) throws IOException {
    if (inHand.contains(id)) {
      return Optional.empty();
    }
    NavigableSet<Integer> numbers = numbers(id);
    if (!numbers.isEmpty() && !isGone(SharePaths.lease(id, numbers.last()))) {
      return Optional.empty();
    }
    int number = numbers.isEmpty() ? 1 : numbers.last() + 1;
    Lease lease = new Lease(id, number, UUID.randomUUID().toString(), clock.nanos());
    try {
      files.createSmall(SharePaths.lease(id, number), content(lease));
    } catch (FileAlreadyExistsException another) {
      return Optional.empty();
    }
    inHand.add(id);
    for (int older : numbers) {
      clear(id, older);
    }
    return Optional.of(lease);
  }

  private NavigableSet<Integer> numbers(DiskId id) throws IOException {
    NavigableSet<Integer> numbers = new TreeSet<>();
    for (SharedFile file : files.list(SharePaths.INCOMING)) {
      if (SharePaths.ofLease(file.name()).equals(Optional.of(id))) {
        OptionalInt number = SharePaths.leaseNumber(file.name());
        number.ifPresent(numbers::add);
      }
    }
    return numbers;
  }

  /** Whether the holder of this lease was seen to be gone, or was this host in an earlier life. */
  private boolean isGone(String lease) throws IOException {
    String content;
    try {
      content = text(lease);
    } catch (NoSuchFileException released) {
      return false;
    }
    Matcher parsed = CONTENT.matcher(content);
    if (parsed.matches() && parsed.group(1).equals(holder)) {
      return true;
    }
    long now = clock.nanos();
    Observed before = observed.get(lease);
    if (before == null || !before.content().equals(content)) {
      observed.put(lease, new Observed(content, now));
      return false;
    }
    return now - before.sinceNanos() >= expiryNanos;
  }

  /** Removes an older lease and what its holder had written. */
  private void clear(DiskId id, int number) throws IOException {
    String name = SharePaths.lease(id, number);
    try {
      Matcher parsed = CONTENT.matcher(text(name));
      if (parsed.matches()) {
        removeParts(id, parsed.group(2));
      }
    } catch (NoSuchFileException released) {
      // It was cleared by who held it.
    }
    files.delete(name);
    observed.remove(name);
  }

  private void removeParts(DiskId id, String nonce) throws IOException {
    files.delete(SharePaths.part(id, nonce));
    files.delete(SharePaths.manifestPart(id, nonce));
  }

  /** Says that the holder is alive. A lease that was taken over is lost from then on. */
  synchronized void renew(Lease lease) throws IOException {
    long before = clock.nanos();
    if (!lease.isHeld(before, expiryNanos)) {
      lease.lose();
      return;
    }
    try {
      files.overwrite(SharePaths.lease(lease.id(), lease.number()), content(lease));
      if (files.look(SharePaths.lease(lease.id(), lease.number() + 1)).isPresent()) {
        lease.lose();
      }
      lease.renewed(before);
    } catch (NoSuchFileException cleared) {
      lease.lose();
    }
  }

  /** Gives it back, with all that was written under it and not published. */
  synchronized void release(Lease lease) throws IOException {
    inHand.remove(lease.id());
    removeParts(lease.id(), lease.nonce());
    files.delete(SharePaths.lease(lease.id(), lease.number()));
  }

  /** Forgets a lease that cannot be given back: the share does not answer, and it expires. */
  void abandon(Lease lease) {
    lease.lose();
    inHand.remove(lease.id());
  }

  /** Clears what holders that are gone have left, for bases that nobody brings any more. */
  void sweep() throws IOException {
    List<SharedFile> all = files.list(SharePaths.INCOMING);
    forget(all);
    for (SharedFile file : all) {
      Optional<DiskId> id = SharePaths.ofLease(file.name());
      if (id.isPresent()) {
        Optional<Lease> lease = take(id.get());
        if (lease.isPresent()) {
          release(lease.get());
        }
      }
    }
  }

  /** Leases that are gone are observed no more. */
  private synchronized void forget(List<SharedFile> present) {
    observed
        .keySet()
        .retainAll(present.stream().map(file -> SharePaths.INCOMING + "/" + file.name()).toList());
  }

  boolean isHeld(Lease lease) {
    return lease.isHeld(clock.nanos(), expiryNanos);
  }

  private byte[] content(Lease lease) {
    return "ratoon-lease 1\nholder %s\nnonce %s\nbeat %012d\n"
        .formatted(holder, lease.nonce(), lease.nextBeat())
        .getBytes(StandardCharsets.US_ASCII);
  }

  private String text(String name) throws IOException {
    return new String(files.small(name, MOST_BYTES), StandardCharsets.US_ASCII);
  }
}
