package dev.ratoon.cache;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.Layout;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The names in a cache's folder. For the base with id ID:
 *
 * <ul>
 *   <li>{@code ID.flat.raw}: its content; this name appears last, so who has it has all
 *   <li>{@code ID.delta.qcow2}: its content as a difference to another base here, which it names.
 *       Both are there if it was flattened later: nothing is removed that children may name
 *   <li>{@code ID.manifest}: its manifest
 *   <li>{@code ID.stamp}, {@code ID.delta.stamp}: what the inode said when the content was last
 *       verified
 *   <li>{@code ID.blocks}: the fingerprints of its blocks; they may be missing
 * </ul>
 *
 * and {@code incoming/} for all that is not yet whole; what begins with {@code ID.arriving.} there
 * is an arrival that can be resumed.
 */
record CacheFolder(Path root) {
  private static final List<Layout> LAYOUTS = List.of(Layout.FLAT, Layout.DELTA);
  private static final String MANIFEST = ".manifest";
  private static final String BLOCKS = ".blocks";
  private static final String READ = ".read";
  private static final String STAMP = ".stamp";
  private static final String ADDED = ".added";
  private static final String ARRIVING = ".arriving.";
  private static final String LAYER = ".layer";
  private static final String ALTERED = ".altered-";

  /** What lies beside a content, and is worth nothing without it. */
  private static final List<String> OF_A_CONTENT =
      List.of(MANIFEST, BLOCKS, ADDED, READ, ".delta" + READ, STAMP, ".delta" + STAMP);

  private static final int ID_DIGITS = 64;
  private static final String HALF_MADE = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.[a-z0-9.-]+";

  private static String suffix(Layout layout) {
    return switch (layout) {
      case FLAT -> ".flat.raw";
      case DELTA -> ".delta.qcow2";
      case ADOPTED -> throw outside();
    };
  }

  /** Adopted files lie where their operator has them. */
  static IllegalArgumentException outside() {
    return new IllegalArgumentException("an adopted file does not lie in a cache's folder");
  }

  Path content(DiskId id, Layout layout) {
    return root.resolve(id + suffix(layout));
  }

  Path manifest(DiskId id) {
    return root.resolve(id + MANIFEST);
  }

  Path stamp(DiskId id, Layout layout) {
    return root.resolve(
        switch (layout) {
          case FLAT -> id + STAMP;
          case DELTA -> id + ".delta" + STAMP;
          case ADOPTED -> throw outside();
        });
  }

  /** What a flat file adds that shares blocks with others. */
  Path added(DiskId id) {
    return root.resolve(id + ADDED);
  }

  /** Up to where a gentle reading has come. */
  Path readSoFar(DiskId id, Layout layout) {
    return root.resolve(
        switch (layout) {
          case FLAT -> id + READ;
          case DELTA -> id + ".delta" + READ;
          case ADOPTED -> throw outside();
        });
  }

  Path blocks(DiskId id) {
    return root.resolve(id + BLOCKS);
  }

  /** A file of a base that is arriving. */
  Path arriving(DiskId id, String part) {
    return incoming().resolve(id + ARRIVING + part);
  }

  Path incoming() {
    return root.resolve("incoming");
  }

  Path lock() {
    return root.resolve("lock");
  }

  /** A VM's disk that has left its folder and is about to get this base's name. */
  Path layer(DiskId id) {
    return incoming().resolve(id + LAYER);
  }

  /** A name in {@link #incoming()} that nobody else has. */
  Path newIncoming(String kind) {
    return incoming().resolve(UUID.randomUUID() + "." + kind);
  }

  /**
   * Where an altered file is put aside: nothing is thrown away that somebody may want to look at.
   */
  Path aside(Path content) {
    return root.resolve(content.getFileName() + ALTERED + UUID.randomUUID());
  }

  /**
   * The bases of which an altered file was put aside, with when that was last: its inode changed
   * then, and has no reason to since.
   */
  Map<DiskId, Instant> putAside() throws IOException {
    Map<DiskId, Instant> found = new HashMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(root, "*" + ALTERED + "*")) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        Optional<DiskId> owner = owner(root.resolve(name.substring(0, name.indexOf(ALTERED))));
        if (owner.isPresent()) {
          Instant changed = ((FileTime) Files.getAttribute(file, "unix:ctime")).toInstant();
          found.merge(owner.get(), changed, (a, b) -> a.isAfter(b) ? a : b);
        }
      }
    }
    return found;
  }

  /** The bases whose content is here in this layout, under its name. */
  List<DiskId> bases(Layout layout) throws IOException {
    List<DiskId> ids = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(root, "*" + suffix(layout))) {
      for (Path file : files) {
        id(file, suffix(layout)).ifPresent(ids::add);
      }
    }
    return ids;
  }

  /** Whose content this file holds by its name; empty if it is not that of a base here. */
  Optional<DiskId> owner(Path file) {
    return root.equals(file.getParent())
        ? LAYOUTS.stream().flatMap(layout -> id(file, suffix(layout)).stream()).findFirst()
        : Optional.empty();
  }

  /** Whether the content is here, in any layout. */
  boolean hasContent(DiskId id) {
    return LAYOUTS.stream().anyMatch(layout -> Files.exists(content(id, layout)));
  }

  /** The bases whose arrival was cut off and can be resumed. */
  List<DiskId> arriving() throws IOException {
    List<DiskId> ids = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(incoming())) {
      for (Path file : files) {
        for (String part : IncomingBase.CONTENTS) {
          id(file, ARRIVING + part).ifPresent(ids::add);
        }
      }
    }
    return ids.stream().distinct().toList();
  }

  /**
   * Removes what a killed process left half-made: what has such a name in {@link #incoming()}, but
   * for what an arrival can be resumed from, and what belongs to a content that is not here.
   */
  void sweep() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(incoming())) {
      for (Path file : files) {
        if (isHalfMade(file) && !isResumable(file)) {
          Files.delete(file);
        }
      }
    }
    for (String kind : OF_A_CONTENT) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(root, "*" + kind)) {
        for (Path file : files) {
          if (id(file, kind).filter(id -> !hasContent(id)).isPresent()) {
            Files.delete(file);
          }
        }
      }
    }
  }

  /** Whether its name is one that only files get that are being made. */
  private static boolean isHalfMade(Path file) {
    String name = String.valueOf(file.getFileName());
    return Files.isRegularFile(file) && (name.matches(HALF_MADE) || name.contains(ARRIVING));
  }

  private static boolean isArrivingContent(Path file) {
    return IncomingBase.CONTENTS.stream().anyMatch(part -> id(file, ARRIVING + part).isPresent());
  }

  /** See {@link Cache#leftovers}. */
  List<Leftover> leftovers() throws IOException {
    List<Leftover> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(incoming())) {
      for (Path file : files) {
        if (isArrivingContent(file)) {
          found.add(
              new Leftover(
                  file, "An arrival that was cut off: it goes on when the base is wanted again."));
        } else if (id(file, LAYER).isPresent()) {
          found.add(
              new Leftover(
                  file,
                  "A VM's disk on its way to become a base disk: it goes on when its VM's host"
                      + " looks at that VM."));
        } else if (!isHalfMade(file)) {
          found.add(new Leftover(file, "Nothing that Ratoon makes has such a name."));
        }
      }
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(root, "*" + ALTERED + "*")) {
      for (Path file : files) {
        found.add(new Leftover(file, "A base that was altered, and put aside."));
      }
    }
    return found;
  }

  /** Whether an arrival needs the file, and the base has not come in another way since. */
  private boolean isResumable(Path file) {
    return IncomingBase.RESUMED_FROM.stream()
        .flatMap(part -> id(file, ARRIVING + part).stream())
        .anyMatch(id -> hasArriving(id) && !hasContent(id));
  }

  private boolean hasArriving(DiskId id) {
    return IncomingBase.CONTENTS.stream().anyMatch(part -> Files.exists(arriving(id, part)));
  }

  private static Optional<DiskId> id(Path file, String suffix) {
    String name = String.valueOf(file.getFileName());
    if (!name.endsWith(suffix) || name.length() != ID_DIGITS + suffix.length()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new DiskId(name.substring(0, ID_DIGITS)));
    } catch (RatoonException noId) {
      return Optional.empty();
    }
  }

  /** What lies beside the contents of a base, and goes when the last of these goes. */
  List<Path> besides(DiskId id) {
    return OF_A_CONTENT.stream().map(kind -> root.resolve(id + kind)).toList();
  }

  /**
   * Differencing disks here and on their way here, also such as were put aside; and what left a
   * VM's folder to become a base, of whatever format it is.
   */
  List<Path> deltas() throws IOException {
    List<Path> found = new ArrayList<>();
    for (Path place : List.of(root, incoming())) {
      try (DirectoryStream<Path> files =
          Files.newDirectoryStream(place, "{*.qcow2*,*" + LAYER + "}")) {
        files.forEach(found::add);
      }
    }
    return found;
  }

  /** Makes the folder's entries survive a power loss. */
  void sync() throws IOException {
    sync(root);
  }

  /** The same for {@link #incoming()}. */
  void syncIncoming() throws IOException {
    sync(incoming());
  }

  private static void sync(Path place) throws IOException {
    try (FileChannel folder = FileChannel.open(place, StandardOpenOption.READ)) {
      folder.force(true);
    }
  }
}
