package dev.ratoon.agent.libvirt;

import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;
import dev.ratoon.agent.hypervisor.LiveMigration.Sockets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What is said to a phase of a migration; names of libvirt-domain.h. */
final class MigrationParameters implements AutoCloseable {
  private final PointerByReference params = new PointerByReference();
  private final IntByReference count = new IntByReference();
  private final IntByReference room = new IntByReference();

  MigrationParameters xml(String description) {
    return add("destination_xml", description);
  }

  MigrationParameters name(String name) {
    return add("destination_name", name);
  }

  MigrationParameters sockets(Sockets sockets) {
    return add("migrate_uri", uri(sockets.memory())).add("disks_uri", uri(sockets.disks()));
  }

  private static String uri(Path socket) {
    return "unix://" + socket;
  }

  private MigrationParameters add(String name, String value) {
    int rc = NativeMigration.INSTANCE.virTypedParamsAddString(params, count, room, name, value);
    if (rc < 0) {
      throw new IllegalStateException("libvirt takes no parameter " + name);
    }
    return this;
  }

  @Nullable Pointer pointer() {
    return params.getValue();
  }

  int count() {
    return count.getValue();
  }

  @Override
  public void close() {
    NativeMigration.INSTANCE.virTypedParamsFree(pointer(), count());
  }
}
