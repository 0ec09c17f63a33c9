package dev.ratoon.agent.hypervisor;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A domain as the agent wants it. All files exist before it is started and belong to whom {@link
 * HypervisorFacts#owner} names, except the console log and the serial socket, which the hypervisor
 * makes.
 *
 * @param name the VM's name; the hypervisor's own name for the domain also holds the id, since two
 *     tenants may use one name
 * @param epoch of the VM's ownership, kept with the domain
 * @param disks the first is the one it boots from
 * @param seed an ISO with what cloud-init shall know
 * @param uefi its firmware; empty for BIOS
 * @param consoleLog where all output of the first serial port is appended, across restarts
 * @param serialSocket where a second serial port listens, if one is wanted
 * @param paused whether its processors are held at first
 * @param sshPort the port on the host's loopback that leads to the guest's port 22, through its
 *     first user-mode network
 * @param kept for a VM that was another's domain before: how it was defined then. It keeps all of
 *     that, and only what this spec says takes the place of what it says of the same
 */
public record DomainSpec(
    VmId id,
    String name,
    String tenant,
    long epoch,
    int cpus,
    long memoryBytes,
    List<DomainDisk> disks,
    Optional<Path> seed,
    List<DomainNic> nics,
    Optional<Uefi> uefi,
    Path consoleLog,
    Optional<Path> serialSocket,
    boolean paused,
    Optional<Integer> sshPort,
    Optional<KeptDefinition> kept) {
  public DomainSpec {
    disks = List.copyOf(disks);
    nics = List.copyOf(nics);
  }

  /** A domain that has nothing from before. */
  public DomainSpec(
      VmId id,
      String name,
      String tenant,
      long epoch,
      int cpus,
      long memoryBytes,
      List<DomainDisk> disks,
      Optional<Path> seed,
      List<DomainNic> nics,
      Optional<Uefi> uefi,
      Path consoleLog,
      Optional<Path> serialSocket,
      boolean paused,
      Optional<Integer> sshPort) {
    this(
        id,
        name,
        tenant,
        epoch,
        cpus,
        memoryBytes,
        disks,
        seed,
        nics,
        uefi,
        consoleLog,
        serialSocket,
        paused,
        sshPort,
        Optional.empty());
  }

  /**
   * How a domain was defined before it became a VM's.
   *
   * @param text as {@link Hypervisor.Definition} was given it
   * @param variables where the variables of its firmware lie now, if it starts by UEFI
   */
  public record KeptDefinition(String text, Optional<Path> variables) {}

  /**
   * A disk of a domain.
   *
   * @param path the file that the guest writes
   * @param backing the files under it, nearest first, down to the root: the hypervisor looks for no
   *     others
   */
  public record DomainDisk(Path path, DiskFormat format, List<ChainElement> backing) {
    public DomainDisk {
      backing = List.copyOf(backing);
    }
  }

  /** A file that others are children of, never written. */
  public record ChainElement(Path path, DiskFormat format) {}

  /**
   * A network card.
   *
   * @param mac six pairs of hexadecimal digits with colons
   */
  public record DomainNic(NetworkAttachment network, String mac) {
    private static final Pattern MAC = Pattern.compile("[0-9a-f]{2}(:[0-9a-f]{2}){5}");

    /**
     * @throws dev.ratoon.model.RatoonException {@code INVALID_VALUE} if {@code mac} is not an
     *     address in lower case
     */
    public DomainNic {
      if (!MAC.matcher(mac).matches()) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "reading the network card address '" + mac + "'")
            .next("An address looks like 52:54:00:12:34:56.")
            .asException();
      }
    }
  }
}
