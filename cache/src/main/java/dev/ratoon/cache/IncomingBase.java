package dev.ratoon.cache;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.Layout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A base on its way into the cache: which files it may use meanwhile, and how it becomes a base.
 * What an arrival is resumed from survives the death of the process; the rest is swept at the next
 * start.
 */
public final class IncomingBase {
  private static final String CONTENT = "raw";
  private static final String DELTA = "qcow2";
  private static final String MANIFEST = "manifest";
  private static final String JOURNAL = "journal";
  private static final String PRINTS = "prints";
  private static final List<String> SWEPT = List.of("list", "plan", "blocks", "manifest-draft");

  /** What of an arrival makes it one that can be resumed: one of these. */
  static final List<String> CONTENTS = List.of(CONTENT, DELTA);

  static final List<String> RESUMED_FROM = List.of(CONTENT, DELTA, MANIFEST, JOURNAL, PRINTS);

  private final CacheFolder folder;
  private final DiskId id;
  private final Import.Publisher publisher;

  IncomingBase(CacheFolder folder, DiskId id, Import.Publisher publisher) {
    this.folder = folder;
    this.id = id;
    this.publisher = publisher;
  }

  public DiskId id() {
    return id;
  }

  /** The content, as far as it has come, if it is to be flat; survives. */
  public Path content() {
    return folder.arriving(id, CONTENT);
  }

  /** The content, as far as it has come, if it is a difference to another base; survives. */
  public Path delta() {
    return folder.arriving(id, DELTA);
  }

  private Path content(Layout layout) {
    return switch (layout) {
      case FLAT -> content();
      case DELTA -> delta();
      case ADOPTED -> throw CacheFolder.outside();
    };
  }

  /** The manifest; survives. */
  public Path manifest() {
    return folder.arriving(id, MANIFEST);
  }

  /** Which chunks of the content were verified and synced; survives. */
  public Path journal() {
    return folder.arriving(id, JOURNAL);
  }

  /** The fingerprints of what has come; survives. */
  public Path prints() {
    return folder.arriving(id, PRINTS);
  }

  /** The fingerprints that a source sent. */
  public Path list() {
    return folder.arriving(id, "list");
  }

  /** Which blocks are to be taken from where. */
  public Path plan() {
    return folder.arriving(id, "plan");
  }

  /** The finished fingerprints. */
  public Path blocks() {
    return folder.arriving(id, "blocks");
  }

  /** A manifest that is not yet whole. */
  public Path manifestDraft() {
    return folder.arriving(id, "manifest-draft");
  }

  /**
   * Bytes that can still be written to the cache's file system.
   *
   * @throws dev.ratoon.model.RatoonException {@code file-unreadable}
   */
  public long freeBytes() {
    try {
      return Files.getFileStore(folder.incoming()).getUsableSpace();
    } catch (IOException failed) {
      throw Faults.unreadable(folder.incoming(), failed);
    }
  }

  /**
   * Makes the content a base of the cache: every chunk of it was verified against {@code manifest},
   * and it was synced.
   *
   * @param layout which of the two contents it is
   * @param withBlocks whether {@link #blocks()} is there and synced
   * @throws dev.ratoon.model.RatoonException {@code disk-full}, {@code file-unwritable}
   */
  public void publish(Manifest manifest, Layout layout, boolean withBlocks) {
    if (!manifest.id().equals(id)) {
      throw new IllegalArgumentException("a manifest of " + manifest.id());
    }
    try {
      boolean _ =
          publisher.publish(
              new VerifiedFile(
                  manifest,
                  layout,
                  content(layout),
                  withBlocks ? Optional.of(blocks()) : Optional.empty()));
    } catch (IOException failed) {
      throw Faults.unwritable(content(layout), failed);
    }
    discard();
  }

  /** Removes all files of the arrival; nothing of a base that is published. */
  public void discard() {
    RESUMED_FROM.forEach(this::remove);
    removeScratch();
  }

  /** Removes what has come of the content, and what is known of it. */
  public void discardContent() {
    List.of(CONTENT, DELTA, JOURNAL, PRINTS).forEach(this::remove);
  }

  /** Removes what an arrival is not resumed from. */
  public void removeScratch() {
    SWEPT.forEach(this::remove);
  }

  private void remove(String part) {
    try {
      Files.deleteIfExists(folder.arriving(id, part));
    } catch (IOException leftToTheNextSweep) {
      // the content has left, or is removed first: without it the sweep takes the others
    }
  }
}
