package dev.ratoon.bench;

import dev.ratoon.protocol.api.VmView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.libvirt.Connect;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;

/**
 * The least that can be done to have a VM: an overlay by qemu-img, and libvirt's create over a
 * connection that is open.
 */
final class BareClient implements AutoCloseable {
  private static final int XML_INACTIVE = 2;
  private static final int START_PAUSED = 1;
  private static final AtomicInteger NEXT_PORT = new AtomicInteger(27_000);
  private final Connect libvirt;
  private final VmView pattern;
  private final String xml;
  private final Path base;
  private final Path seed;
  private final Object owner;

  /** A VM of the bare client's: its description and its folder, with everything but the overlay. */
  record Vm(UUID id, Path overlay, String xml) {}

  private BareClient(Connect libvirt, VmView pattern, String xml, Path seed, Object owner) {
    this.libvirt = libvirt;
    this.pattern = pattern;
    this.xml = xml;
    this.base = Path.of(pattern.disks().getFirst().basePath().orElseThrow());
    this.seed = seed;
    this.owner = owner;
  }

  /** A client that makes VMs just like this one, which must be there now. */
  static BareClient like(VmView vm) throws LibvirtException, IOException {
    Connect libvirt = new Connect("qemu:///system");
    Domain domain = libvirt.domainLookupByUUID(vm.id().uuid());
    String xml = domain.getXMLDesc(XML_INACTIVE);
    domain.free();
    Path seed = Files.createTempFile(Scratch.folder(), "seed", ".iso");
    Files.write(seed, Files.readAllBytes(DeployBenchmark.folderOf(vm).resolve("seed.iso")));
    Path overlay = Path.of(vm.disks().getFirst().path().orElseThrow());
    Object owner = Objects.requireNonNull(Files.getAttribute(overlay, "unix:uid"));
    return new BareClient(libvirt, vm, xml, seed, owner);
  }

  /** Everything that is not timed: folder, seed, description. */
  Vm prepare() throws IOException {
    UUID id = UUID.randomUUID();
    Path folder =
        Files.createDirectory(DeployBenchmark.folderOf(pattern).resolveSibling("bare-" + id));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    Files.copy(seed, folder.resolve("seed.iso"));
    Files.setPosixFilePermissions(
        folder.resolve("seed.iso"), PosixFilePermissions.fromString("rw-r--r--"));
    String patternForward = "hostfwd=tcp:127.0.0.1:" + pattern.sshPort().orElseThrow() + "-";
    String patternFolder = DeployBenchmark.folderOf(pattern).toString();
    String own =
        xml.replace(patternFolder, folder.toString())
            .replace(pattern.id().toString(), id.toString())
            .replace(patternForward, "hostfwd=tcp:127.0.0.1:" + NEXT_PORT.getAndIncrement() + "-");
    return new Vm(id, folder.resolve("disk-0.qcow2"), own);
  }

  void create(Vm vm, boolean paused) throws Exception {
    String size = String.valueOf(pattern.disks().getFirst().sizeBytes());
    Tool.run(
        "qemu-img",
        "create",
        "-q",
        "-f",
        "qcow2",
        "-b",
        base.toString(),
        "-F",
        "raw",
        vm.overlay().toString(),
        size);
    Files.setAttribute(vm.overlay(), "unix:uid", owner);
    libvirt.domainCreateXML(vm.xml(), paused ? START_PAUSED : 0).free();
  }

  void destroy(Vm vm) throws LibvirtException, IOException {
    Domain domain = libvirt.domainLookupByUUID(vm.id());
    domain.destroy();
    domain.free();
    Path folder = vm.overlay().getParent();
    if (folder != null) {
      Scratch.remove(folder);
    }
  }

  @Override
  public void close() throws LibvirtException, IOException {
    Files.deleteIfExists(seed);
    libvirt.close();
  }
}
