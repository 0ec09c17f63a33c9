package dev.ratoon.app.machine;

import dev.ratoon.agent.doctor.Doctor;
import java.util.Map;

/** What is known of the machine that the program runs on. */
public final class ThisMachine {
  private static final String USUAL_HYPERVISOR = "qemu:///system";

  private ThisMachine() {}

  /** libvirt's address: {@code RATOON_LIBVIRT_URI}, or the system's. */
  public static String hypervisor(Map<String, String> environment) {
    String uri = environment.getOrDefault("RATOON_LIBVIRT_URI", "");
    return uri.isEmpty() ? USUAL_HYPERVISOR : uri;
  }

  public static Doctor doctor(DataFolder folder, Map<String, String> environment) {
    return Doctor.forHost(folder.home(), hypervisor(environment));
  }
}
