package dev.ratoon.cli.disk;

import dev.ratoon.disk.NativeId;
import java.util.LinkedHashMap;
import java.util.Map;

/** Native ids as people and programs read them. */
final class NativeIds {
  private NativeIds() {}

  /** Each part of it by its name. */
  static Map<String, String> parts(NativeId id) {
    Map<String, String> parts = new LinkedHashMap<>();
    switch (id) {
      case NativeId.Vhd vhd -> parts.put("uniqueId", vhd.unique().toString());
      case NativeId.Vhdx vhdx -> {
        parts.put("dataWriteId", vhdx.dataWrite().toString());
        parts.put("virtualDiskId", vhdx.virtualDisk().toString());
      }
      case NativeId.Vmdk vmdk -> parts.put("contentId", "%08x".formatted(vmdk.content()));
    }
    return parts;
  }

  static String text(NativeId id) {
    return switch (id) {
      case NativeId.Vhd vhd -> vhd.unique().toString();
      case NativeId.Vhdx vhdx ->
          "data " + vhdx.dataWrite() + ", virtual disk " + vhdx.virtualDisk();
      case NativeId.Vmdk vmdk -> "content %08x".formatted(vmdk.content());
    };
  }
}
