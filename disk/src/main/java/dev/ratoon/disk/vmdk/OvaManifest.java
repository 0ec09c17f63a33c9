package dev.ratoon.disk.vmdk;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The digests that an OVA has of its members. See docs/formats/vmdk.md. */
final class OvaManifest {
  private static final Pattern LINE =
      Pattern.compile("(SHA\\d+)\\s*\\(\\s*(.+?)\\s*\\)\\s*=\\s*([0-9a-fA-F]+)\\s*");
  private static final Map<String, String> ALGORITHMS =
      Map.of("SHA1", "SHA-1", "SHA256", "SHA-256", "SHA512", "SHA-512");
  private static final int AT_ONCE = 1 << 20;

  private OvaManifest() {}

  /** Compares {@code member} with every digest that the manifest has of it. */
  static void verify(ImageFile archive, TarMember manifest, TarMember member) {
    if (manifest.bytes() > TarReader.MOST_SPECIAL_BYTES) {
      throw Faults.corrupt(
          archive.path(), "Its manifest would have " + manifest.bytes() + " bytes.");
    }
    String text =
        StandardCharsets.UTF_8
            .decode(archive.bytes(manifest.offset(), (int) manifest.bytes()))
            .toString();
    text.lines()
        .map(LINE::matcher)
        .filter(line -> line.matches() && line.group(2).equals(member.name()))
        .limit(ALGORITHMS.size())
        .forEach(line -> compare(archive, member, line));
  }

  private static void compare(ImageFile archive, TarMember member, Matcher line) {
    String algorithm = ALGORITHMS.get(line.group(1));
    if (algorithm == null) {
      throw Faults.unsupported(
          archive.path(),
          "Its manifest has digests of the kind " + line.group(1) + ", which is unknown here.",
          "Unpack it (tar -xf FILE), and name the disk.");
    }
    String found = digest(archive, member, algorithm);
    if (!found.equals(line.group(3).toLowerCase(Locale.ROOT))) {
      throw Faults.corrupt(
          archive.path(),
          "The %s of its disk '%s' is %s, not %s as its manifest says."
              .formatted(algorithm, member.name(), found, line.group(3)));
    }
  }

  private static String digest(ImageFile archive, TarMember member, String algorithm) {
    try {
      MessageDigest digest = MessageDigest.getInstance(algorithm);
      ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(AT_ONCE, member.bytes()));
      for (long done = 0; done < member.bytes(); done += buffer.limit()) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), member.bytes() - done));
        archive.read(member.offset() + done, buffer);
        digest.update(buffer.flip());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime here has " + algorithm, e);
    }
  }
}
