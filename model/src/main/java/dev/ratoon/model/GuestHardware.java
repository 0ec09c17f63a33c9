package dev.ratoon.model;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What guests are started with on a host, so that they can move to others while they run. A guest
 * keeps what it was started with until it is started anew.
 *
 * @param cpuLevel what their processors can do: 3 for x86-64-v3; empty for all that the host's can
 * @param machine the version of their machine, 7.2 for QEMU's pc-i440fx-7.2 and pc-q35-7.2; empty
 *     for the newest that the host has
 */
public record GuestHardware(Optional<Integer> cpuLevel, Optional<String> machine) {
  /** The most that a host has. */
  public static final GuestHardware OF_THE_HOST =
      new GuestHardware(Optional.empty(), Optional.empty());

  private static final Pattern VERSION =
      Pattern.compile("[a-z]{0,10}[0-9]{1,3}(\\.[0-9]{1,3}){1,3}");
  private static final int MOST_LEVEL = 4;

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if it is no level, or no version
   */
  public GuestHardware {
    if (cpuLevel.filter(level -> level < 1 || level > MOST_LEVEL).isPresent()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the level of processors")
          .next("It is 1 to 4, as in x86-64-v3.")
          .asException();
    }
    if (machine.filter(version -> !VERSION.matcher(version).matches()).isPresent()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the version of a machine")
          .next("Write what comes after pc-q35- in the names of QEMU's machines: 7.2, say.")
          .asException();
    }
  }

  /** The type of the machine of a guest that starts so, if that is set. */
  public Optional<String> machineOf(Firmware firmware) {
    return machine.map(version ->
        switch (firmware) {
              case BIOS -> "pc-i440fx-";
              case UEFI -> "pc-q35-";
            }
            + version);
  }
}
