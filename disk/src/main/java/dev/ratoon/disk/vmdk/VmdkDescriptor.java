package dev.ratoon.disk.vmdk;

import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.file.Faults;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The text in which a VMDK says what it is. Specified in docs/formats/vmdk.md.
 *
 * @param values those that are used, by their names in lower case, without quotes
 * @param extents the files that hold the data
 */
record VmdkDescriptor(Map<String, String> values, List<Extent> extents) {
  static final String MARK = "# Disk DescriptorFile";
  static final String INTO_ONE_FILE =
      "Put it into one file where all of them are:"
          + " qemu-img convert -O vmdk -o subformat=streamOptimized OLD NEW.";

  private static final Pattern EXTENT =
      Pattern.compile("(?:RW|RDONLY|NOACCESS)\\s+(\\d{1,18})\\s+(\\w+)(?:\\s+\"([^\"]*)\".*)?");
  private static final Pattern CID = Pattern.compile("[0-9a-fA-F]{1,8}");
  private static final Set<String> USED =
      Set.of("cid", "parentcid", "parentfilenamehint", "createtype");
  private static final String NO_PARENT = "ffffffff";

  /** What the content id is before the first writing to a disk, so of any number of disks. */
  private static final int NEVER_OPENED = 0xffff_fffe;

  /**
   * @param sectors of the disk, as the line says
   * @param type how the file holds them
   * @param file its name as recorded; empty if there is none
   */
  record Extent(long sectors, String type, String file) {}

  /** Takes apart the text up to its first zero byte. */
  static VmdkDescriptor parse(ByteBuffer bytes) {
    Map<String, String> values = new HashMap<>();
    List<Extent> extents = new ArrayList<>();
    text(bytes)
        .lines()
        .map(String::strip)
        .forEach(line -> {
          Matcher extent = EXTENT.matcher(line);
          int equals = line.indexOf('=');
          if (extent.matches()) {
            extents.add(
                new Extent(
                    Long.parseLong(extent.group(1)),
                    extent.group(2),
                    Optional.ofNullable(extent.group(3)).orElse("")));
          } else if (equals > 0) {
            String name = line.substring(0, equals).strip().toLowerCase(Locale.ROOT);
            if (USED.contains(name)) {
              values.putIfAbsent(name, unquoted(line.substring(equals + 1).strip()));
            }
          }
        });
    return new VmdkDescriptor(values, extents);
  }

  private static String text(ByteBuffer bytes) {
    int length = 0;
    while (length < bytes.limit() && bytes.get(length) != 0) {
      length++;
    }
    // The encoding may be any; what we use is ASCII, and names are only shown.
    return StandardCharsets.UTF_8.decode(bytes.slice(0, length)).toString();
  }

  private static String unquoted(String value) {
    boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
    return shown(quoted ? value.substring(1, value.length() - 1) : value);
  }

  /** Without what a terminal would obey. */
  static String shown(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  /** Refuses what is not a whole disk in one file. */
  void checkWhole(Path file) {
    String parent = value("parentcid").orElse(NO_PARENT);
    if (!parent.equalsIgnoreCase(NO_PARENT)) {
      throw Faults.refersOutside(
          file,
          "It is a difference to another file, '%s'."
              .formatted(value("parentfilenamehint").orElse("the one with the CID " + parent)),
          "Merge it with its parents where all of them are: qemu-img convert -O qcow2 OLD NEW.");
    }
    String type = value("createtype").orElse("");
    boolean whole = type.equalsIgnoreCase("monolithicSparse") || isStream(type);
    if (!whole || extents.size() != 1 || !extents.getFirst().type().equals("SPARSE")) {
      throw Faults.refersOutside(
          file,
          extents.isEmpty()
              ? "Of the type '" + type + "', it keeps its data in other files."
              : "Of the type '%s', it keeps its data in other files: '%s'%s."
                  .formatted(
                      type,
                      shown(extents.getFirst().file()),
                      extents.size() == 1 ? "" : " and " + (extents.size() - 1) + " more"),
          INTO_ONE_FILE);
    }
  }

  private static boolean isStream(String type) {
    return type.equalsIgnoreCase("streamOptimized");
  }

  /** Whether nothing at all is said. */
  boolean isEmpty() {
    return values.isEmpty() && extents.isEmpty();
  }

  /** What the disk's layout is called. */
  String type() {
    return isStream(value("createtype").orElse("")) ? "streamOptimized" : "monolithicSparse";
  }

  /** The content id, if it identifies anything. */
  Optional<NativeId> nativeId() {
    return value("cid")
        .filter(cid -> CID.matcher(cid).matches())
        .map(cid -> Integer.parseUnsignedInt(cid, 16))
        .filter(cid -> Integer.compareUnsigned(cid, NEVER_OPENED) < 0)
        .map(NativeId.Vmdk::new);
  }

  private Optional<String> value(String name) {
    return Optional.ofNullable(values.get(name));
  }
}
