package dev.ratoon.agent.libvirt;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Domains that libvirt does not know any more although their guests run on: its daemon came back
 * and could not read what it had written down of them. To take them for ended would start a second
 * guest on the same disks. See decision 22.
 *
 * <p>Known is one way to that: a daemon that is killed while a domain goes over to a copy of a disk
 * leaves a mirror whose job has no name, which no daemon reads. The name is put there; the next
 * daemon knows the domain again, and brings what was under way to its end.
 */
final class ForgottenDomains {
  private static final Logger LOG = LoggerFactory.getLogger(ForgottenDomains.class);
  private static final Path PROCESSES = Path.of("/proc");
  private static final Path USUAL = Path.of("/run/libvirt/qemu");
  private static final Pattern SOCKET = Pattern.compile("(?:^|&)socket=([^&]+)");
  private static final Pattern NAMELESS = Pattern.compile("(<mirror\\b[^>]*\\bjob=)(?:''|\"\")");

  /** For so long one look at all processes serves questions after many domains. */
  private static final long FRESH_NANOS = Duration.ofSeconds(1).toNanos();

  private final Path records;
  private Map<String, Long> running = Map.of();
  private long lookedAt = System.nanoTime() - FRESH_NANOS;

  /**
   * @param uri libvirt's, which may say where its daemon's socket is; what it writes down of
   *     domains that run lies beside it
   */
  ForgottenDomains(String uri) {
    records =
        Optional.ofNullable(URI.create(uri).getQuery())
            .map(SOCKET::matcher)
            .filter(Matcher::find)
            .map(found -> Path.of(found.group(1)).resolveSibling("qemu"))
            .orElse(USUAL);
  }

  /** A guest has started, or another daemon answers, which may have forgotten a new one. */
  synchronized void lookAnew() {
    lookedAt = System.nanoTime() - FRESH_NANOS;
  }

  /** Whether the guest of a domain that libvirt does not know runs. */
  boolean runs(VmId id) {
    return process(id, FRESH_NANOS).isPresent() && process(id, 0).isPresent();
  }

  /** What to say of it. What keeps libvirt from knowing it again is mended, if it is known how. */
  RatoonException problem(String doing, VmId id) {
    Problem problem =
        Problem.of(ErrorCode.HYPERVISOR_UNAVAILABLE, doing)
            .detail(
                "libvirt does not know it any more, but its guest runs on, in process %s."
                    .formatted(process(id, 0).map(String::valueOf).orElse("unknown")));
    Optional<Path> record = record(id);
    record.ifPresent(ForgottenDomains::mend);
    return problem
        .next(
            record.isPresent()
                ? "Restart libvirt's daemon on the host, for example 'systemctl restart libvirtd':"
                    + " guests run on meanwhile, and it looks again at what it wrote down of them. If that"
                    + " does not help, shut the guest down from inside."
                : "Shut the guest down from inside, or end that process. Until then nothing is"
                    + " done to its disks.")
        .asException();
  }

  private synchronized Optional<Long> process(VmId id, long longestNanos) {
    long now = System.nanoTime();
    if (now - lookedAt >= longestNanos) {
      running = guests();
      lookedAt = now;
    }
    return Optional.ofNullable(running.get(id.toString()));
  }

  /** The processes of guests by the ids of their domains. */
  private static Map<String, Long> guests() {
    Map<String, Long> found = new HashMap<>();
    try (Stream<Path> processes = Files.list(PROCESSES)) {
      processes
          .filter(process -> isNumber(name(process)))
          .forEach(process ->
              domain(process).ifPresent(id -> found.put(id, Long.parseLong(name(process)))));
    } catch (IOException | UncheckedIOException failed) {
      LOG.warn("this host's processes cannot be looked at", failed);
    }
    return found;
  }

  private static String name(Path file) {
    return Objects.requireNonNull(file.getFileName()).toString();
  }

  private static boolean isNumber(String name) {
    return name.chars().allMatch(Character::isDigit);
  }

  /** Whatever its program is called: the option is QEMU's alone. */
  private static Optional<String> domain(Path process) {
    List<String> words = Arrays.asList(read(process.resolve("cmdline")).split("\0"));
    int option = words.indexOf("-uuid");
    return option >= 0 && option + 1 < words.size()
        ? Optional.of(words.get(option + 1))
        : Optional.empty();
  }

  /** Empty if the process has ended. */
  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException ended) {
      return "";
    }
  }

  /** What libvirt wrote down of a domain when it last knew it. */
  private Optional<Path> record(VmId id) {
    String mark = "<uuid>" + id + "</uuid>";
    List<Path> all = new ArrayList<>();
    try (Stream<Path> files = Files.list(records)) {
      files.filter(file -> name(file).endsWith(".xml")).forEach(all::add);
    } catch (IOException none) {
      return Optional.empty();
    }
    return all.stream().filter(file -> read(file).contains(mark)).findFirst();
  }

  private static synchronized void mend(Path record) {
    String text = read(record);
    String mended = NAMELESS.matcher(text).replaceAll("$1'copy'");
    if (mended.equals(text)) {
      return;
    }
    try {
      Path next = record.resolveSibling(name(record) + ".ratoon");
      Files.deleteIfExists(next);
      Files.createFile(
          next, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(next, mended, StandardCharsets.ISO_8859_1);
      Files.move(next, record, StandardCopyOption.ATOMIC_MOVE);
      LOG.warn("{} named a mirror without its job, and was mended", record);
    } catch (IOException failed) {
      LOG.warn("{} names a mirror without its job, and cannot be mended", record, failed);
    }
  }
}
