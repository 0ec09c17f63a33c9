package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.Session;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.PartialChain;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.identity.Confirmed;
import dev.ratoon.disk.identity.DiskIndex;
import dev.ratoon.disk.identity.DiskSearch;
import dev.ratoon.disk.identity.Identification;
import dev.ratoon.disk.identity.Identification.Policy;
import dev.ratoon.disk.identity.Identity;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Opens disks for one command, and finds out what they are. Parents are made sure of: by their
 * content where their children record it, unless the user trusts them. What was read once is
 * remembered for all commands, and read again only if the files have changed; how far reading is
 * gets shown.
 */
final class DiskReader implements AutoCloseable {
  private final Session session;
  private final ChainOptions chain;
  private final DiskIndex index;
  private final Identification identification;
  private final Meter meter;

  private DiskReader(Session session, ChainOptions chain, DiskIndex index) {
    this.session = session;
    this.chain = chain;
    this.index = index;
    this.meter = Meter.begin(session);
    this.identification = Identification.verifying(index, this::quarantined, chain.threads());
  }

  /** Knows what this user's commands have found out. */
  static DiskReader remembering(Session session, ChainOptions chain) {
    return new DiskReader(session, chain, remembered(session.environment()));
  }

  /** Knows nothing, and so reads everything. */
  static DiskReader forgetful(Session session, ChainOptions chain) {
    return new DiskReader(session, chain, DiskIndex.ofNothing());
  }

  /** Opens {@code file} with its parents; its content says what it is. */
  VirtualDisk open(Path file) {
    return open(file, VirtualDisks.formatOf(file));
  }

  /** Opens {@code file} with its parents. */
  VirtualDisk open(Path file, AsOption as) {
    return open(file, as.formatOf(file));
  }

  /** Opens {@code file} with its parents. */
  VirtualDisk open(Path file, DiskFormat format) {
    return VirtualDisks.open(file, format, rules(ChainOptions.MOST_FILES));
  }

  /** Opens a disk that another one is to be a child of. */
  VirtualDisk openParent(Path file, DiskFormat format) {
    return VirtualDisks.open(file, format, rules(ChainOptions.MOST_FILES - 1));
  }

  WritableDisk openWritable(Path file, DiskFormat format) {
    return VirtualDisks.openWritable(file, format, rules(ChainOptions.MOST_FILES));
  }

  /** Opens the right part of a chain, see {@link VirtualDisks#openWhatIsThere}. */
  PartialChain openWhatIsThere(Path file, DiskFormat format) {
    return VirtualDisks.openWhatIsThere(file, format, rules(ChainOptions.MOST_FILES));
  }

  /** The same without reading: only parents that are known to be wrong count as wrong. */
  PartialChain look(Path file, DiskFormat format) {
    return VirtualDisks.openWhatIsThere(
        file,
        format,
        chain.rules(ChainOptions.MOST_FILES, new Witness(disk -> identification.known(disk))));
  }

  /** What a disk is; {@code name} is its name for people. */
  Manifest manifest(VirtualDisk disk, String name) {
    return confirmed(disk, "hash " + name).manifest();
  }

  /**
   * What a disk is, by the rules of {@code policy}.
   *
   * @param background confirms what is trusted
   */
  Identity identity(Path file, AsOption as, Policy policy, Executor background) {
    long size;
    try (VirtualDisk disk = open(file, as)) {
      Optional<Confirmed> known = identification.known(disk);
      if (known.isPresent()) {
        return known.get();
      }
      size = disk.size();
    }
    Identification identifying =
        new Identification(index, policy, background, this::quarantined, chain.threads());
    Supplier<VirtualDisk> opener = () -> open(file, as);
    return meter.show(
        "hash " + file.getFileName(), size, progress -> identifying.identify(opener, progress));
  }

  /** Does some work and shows how far it is, see {@link Meter#show}. */
  <T> T show(String subject, long bytes, Function<Progress, T> work) {
    return meter.show(subject, bytes, work);
  }

  Hashing hashing() {
    return new Hashing(meter, chain.threads());
  }

  int threads() {
    return chain.threads();
  }

  private OpenRules.Chain rules(int mostFiles) {
    return chain.rules(
        mostFiles,
        new Witness(disk ->
            chain.trustParents
                ? Optional.empty()
                : Optional.of(confirmed(disk, "check parent " + disk.top().file().getFileName()))));
  }

  private Confirmed confirmed(VirtualDisk disk, String subject) {
    return identification
        .known(disk)
        .orElseGet(() ->
            meter.show(subject, disk.size(), progress -> identification.confirmed(disk, progress)));
  }

  /** Tells what parents are; of those that it says nothing of, what is recorded is believed. */
  private final class Witness implements ParentWitness {
    private final Function<VirtualDisk, Optional<Confirmed>> what;

    Witness(Function<VirtualDisk, Optional<Confirmed>> what) {
      this.what = what;
    }

    @Override
    public Optional<DiskId> contradiction(VirtualDisk parent, DiskId recorded) {
      return what.apply(parent).map(Confirmed::diskId).filter(found -> !found.equals(recorded));
    }

    @Override
    public Optional<Found> find(DiskId wanted) {
      return new DiskSearch(
              chain.folders,
              ChainOptions.MOST_FILES,
              Long.MAX_VALUE,
              index,
              disk -> confirmed(disk, "look for a parent in " + disk.top().file().getFileName()))
          .withDiskId(wanted, OptionalLong.empty());
    }
  }

  private void quarantined(Path wrong, DiskId presumed, DiskId found) {
    session
        .output()
        .say(
            "warning: '%s' says that it is %s, but its content is that of %s. That is remembered."
                .formatted(wrong, presumed.shortForm(), found.shortForm()));
  }

  @Override
  public void close() {
    meter.close();
  }

  /**
   * In {@code $XDG_CACHE_HOME/ratoon/disks}, by default {@code ~/.cache/ratoon/disks}. Everything
   * there can be removed at any time; where there is no place to remember anything, that costs
   * nothing but time.
   */
  private static DiskIndex remembered(Map<String, String> environment) {
    try {
      Optional<Path> folder = folder(environment);
      if (folder.isPresent()) {
        return DiskIndex.open(folder.get(), DiskIndex.Bounds.STANDARD, InstantSource.system());
      }
    } catch (RatoonException | InvalidPathException unusable) {
      // As if there were none.
    }
    return DiskIndex.ofNothing();
  }

  private static Optional<Path> folder(Map<String, String> environment) {
    return Optional.ofNullable(environment.get("XDG_CACHE_HOME"))
        .filter(path -> path.startsWith("/"))
        .map(Path::of)
        .or(() ->
            Optional.ofNullable(environment.get("HOME"))
                .filter(path -> path.startsWith("/"))
                .map(home -> Path.of(home, ".cache")))
        .map(cache -> cache.resolve("ratoon").resolve("disks"));
  }
}
