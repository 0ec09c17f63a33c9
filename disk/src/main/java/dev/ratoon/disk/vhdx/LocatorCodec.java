package dev.ratoon.disk.vhdx;

import dev.ratoon.disk.file.Faults;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** Takes a parent locator apart and puts one together: docs/formats/vhdx.md. */
final class LocatorCodec {
  private static final UUID TYPE = UUID.fromString("b04aefb7-d19e-4a81-b789-25b8e9445913");
  private static final int HEADER_BYTES = 20;
  private static final int ENTRY_BYTES = 12;

  private static final String LINKAGE = "parent_linkage";
  private static final String OTHER_LINKAGE = "parent_linkage2";
  private static final String RELATIVE = "relative_path";
  private static final String VOLUME = "volume_path";
  private static final String ABSOLUTE = "absolute_win32_path";
  private static final Set<String> KEYS =
      Set.of(LINKAGE, OTHER_LINKAGE, RELATIVE, VOLUME, ABSOLUTE);
  private static final int LONGEST_KEY_BYTES = 2 * ABSOLUTE.length();

  private final Path file;
  private final ByteBuffer item;
  private final Map<String, String> values = new LinkedHashMap<>();

  private LocatorCodec(Path file, ByteBuffer item) {
    this.file = file;
    this.item = item;
  }

  static ParentLocator parse(ByteBuffer item, Path file) {
    if (item.limit() < HEADER_BYTES) {
      throw Faults.corrupt(file, "What it says of its parent is cut off.");
    }
    UUID type = Structures.guid(item, 0);
    if (!type.equals(TYPE)) {
      throw Faults.unsupported(
          file,
          "Its parent is not a VHDX file, but something of the kind " + type + ".",
          "Merge it with its parent where that is known.");
    }
    return new LocatorCodec(file, item).parse();
  }

  private ParentLocator parse() {
    int count = item.getShort(18) & 0xffff;
    for (int i = 0; i < count; i++) {
      readEntry(HEADER_BYTES + i * ENTRY_BYTES);
    }
    UUID linkage =
        guid(LINKAGE)
            .orElseThrow(() -> Faults.corrupt(file, "It does not say which its parent is."));
    return new ParentLocator(
        linkage, guid(OTHER_LINKAGE), value(RELATIVE), value(VOLUME), value(ABSOLUTE));
  }

  /** Nothing is decoded for keys that are not known, and nothing twice: so this takes no time. */
  private void readEntry(int at) {
    check(at, ENTRY_BYTES);
    int keyBytes = item.getShort(at + 8) & 0xffff;
    if (keyBytes > LONGEST_KEY_BYTES) {
      return;
    }
    String key = text(item.getInt(at), keyBytes);
    if (!KEYS.contains(key)) {
      return;
    }
    String value = text(item.getInt(at + 4), item.getShort(at + 10) & 0xffff);
    if (value.isEmpty() || value.indexOf('\0') >= 0 || values.containsKey(key)) {
      throw Faults.corrupt(file, "What it says of its parent as '" + key + "' is not valid.");
    }
    values.put(key, value);
  }

  private String text(int at, int bytes) {
    check(at, bytes);
    byte[] text = new byte[bytes];
    item.get(at, text);
    return new String(text, StandardCharsets.UTF_16LE);
  }

  private void check(int at, int bytes) {
    if (at < 0 || at > item.limit() - bytes) {
      throw Faults.corrupt(file, "What it says of its parent is cut off.");
    }
  }

  private Optional<String> value(String key) {
    return Optional.ofNullable(values.get(key));
  }

  private Optional<UUID> guid(String key) {
    return value(key)
        .map(text ->
            Structures.guid(text)
                .orElseThrow(() -> Faults.corrupt(file, "Its parent's id is not one: " + text)));
  }

  static ByteBuffer encode(ParentLocator locator) {
    Map<String, String> values = new LinkedHashMap<>();
    values.put(LINKAGE, Structures.text(locator.linkage()));
    locator.otherLinkage().ifPresent(other -> values.put(OTHER_LINKAGE, Structures.text(other)));
    locator.relative().ifPresent(path -> values.put(RELATIVE, path));
    locator.volume().ifPresent(path -> values.put(VOLUME, path));
    locator.absolute().ifPresent(path -> values.put(ABSOLUTE, path));
    int characters =
        values.entrySet().stream()
            .mapToInt(entry -> entry.getKey().length() + entry.getValue().length())
            .sum();
    int at = HEADER_BYTES + values.size() * ENTRY_BYTES;
    ByteBuffer item = Structures.buffer(at + 2 * characters);
    Structures.putGuid(item, 0, TYPE);
    item.putShort(18, (short) values.size());
    int entry = HEADER_BYTES;
    for (Map.Entry<String, String> pair : values.entrySet()) {
      byte[] key = pair.getKey().getBytes(StandardCharsets.UTF_16LE);
      byte[] value = pair.getValue().getBytes(StandardCharsets.UTF_16LE);
      item.putInt(entry, at).putInt(entry + 4, at + key.length);
      item.putShort(entry + 8, (short) key.length).putShort(entry + 10, (short) value.length);
      item.put(at, key).put(at + key.length, value);
      at += key.length + value.length;
      entry += ENTRY_BYTES;
    }
    return item;
  }
}
