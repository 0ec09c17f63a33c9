package dev.ratoon.lab;

import dev.ratoon.model.OperationState;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.CachePlanView;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.ShareView;
import dev.ratoon.protocol.api.VmView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Ratoon on one host of a fleet, used as its users do: by commands. */
public final class RatoonHost {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);
  private static final Pattern EXIT = Pattern.compile("ratoon-guest: exit (\\d+)");
  private static final String HOME = "/srv/ratoon";

  private final Fleet fleet;
  private final int host;
  private final String home;
  private final HostApi api;

  public RatoonHost(Fleet fleet, int host) {
    this(fleet, host, HOME);
  }

  /** One that keeps everything in another folder under /srv than the others. */
  public RatoonHost(Fleet fleet, int host, String home) {
    this.fleet = fleet;
    this.host = host;
    this.home = home;
    this.api = new HostApi(home().resolve("client"), fleet.network(host));
  }

  /** Runs {@code ratoon ...}, which must succeed, and returns what it printed. */
  public String ratoon(String... arguments) {
    return tryRatoon(arguments).orFail().out();
  }

  /** Runs {@code ratoon ...}, which may fail. */
  public Shell.Result tryRatoon(String... arguments) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "/usr/bin/env", "RATOON_HOME=" + home, "RATOON_ACCEL=tcg", "RATOON_NO_BUILD=1"));
    command.add(Checkout.root().resolve("ratoon").toString());
    command.addAll(List.of(arguments));
    try {
      return fleet.exec(host, command);
    } catch (AssertionError hangs) {
      throw new AssertionError(hangs.getMessage() + how(), hangs);
    }
  }

  /** Runs any command on the host, which must succeed. */
  public String run(String... command) {
    return fleet.exec(host, List.of(command)).orFail().out();
  }

  /** Runs any command on the host, which may fail. */
  public Shell.Result tryRun(String... command) {
    return fleet.exec(host, List.of(command));
  }

  /** Ends Ratoon's own process as a crash would. */
  public void killRatoon() {
    try {
      String pid = Files.readString(home().resolve("run/ratoon.pid")).strip().split("\\s")[0];
      // the file holds the id that the process has on the host, which counts its own
      run("/bin/kill", "-9", pid);
      run("/bin/sh", "-c", "while kill -0 " + pid + " 2>/dev/null; do sleep 0.02; done");
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /** Ratoon's home, as this machine sees it. */
  public Path home() {
    return outside(home);
  }

  /** A file under the host's /srv, as this machine sees it. */
  public Path outside(String pathOnHost) {
    if (!pathOnHost.startsWith("/srv/")) {
      throw new IllegalArgumentException(pathOnHost + " is not under /srv");
    }
    return fleet.srv(host).resolve(pathOnHost.substring("/srv/".length()));
  }

  public VmView vm(String name) {
    return get("/v1/vms/" + name, VmView.class);
  }

  public List<VmView> vms() {
    return List.of(get("/v1/vms", VmView[].class));
  }

  public List<ImageView> images() {
    return List.of(get("/v1/images", ImageView[].class));
  }

  public List<BaseView> bases() {
    return List.of(get("/v1/bases", BaseView[].class));
  }

  public List<HostView> hosts() {
    return List.of(get("/v1/hosts", HostView[].class));
  }

  /** What would leave caches now, and why the rest would not. */
  public List<CachePlanView> cachePlan() {
    return List.of(get("/v1/cache-plan", CachePlanView[].class));
  }

  public List<ShareView> shares() {
    return List.of(get("/v1/shares", ShareView[].class));
  }

  public List<OperationView> operations() {
    return List.of(get("/v1/operations", OperationView[].class));
  }

  private <T> T get(String path, Class<T> type) {
    return Json.read(api.get(path), type);
  }

  /** Waits until every operation has ended. */
  public void awaitQuiet() {
    try {
      await("operations to end", () -> underWay().isEmpty() ? Optional.of(true) : Optional.empty());
    } catch (AssertionError inVain) {
      throw new AssertionError(inVain.getMessage() + ": " + underWay() + ". " + how(), inVain);
    }
  }

  private List<OperationView> underWay() {
    return operations().stream().filter(o -> o.state() == OperationState.RUNNING).toList();
  }

  /** What this host is at, for somebody who has only what a test says. */
  private String how() {
    String look =
        "ps -eo pid,ppid,etimes,stat,args | cut -c1-100; timeout 20 virsh -q list --all;"
            + " for d in $(timeout 20 virsh -q list --name); do timeout 40 virsh domjobinfo $d;"
            + " timeout 40 virsh -q domblklist $d; done; tail -n 30 "
            + home
            + "/log/ratoon.* /var/log/libvirt/libvirtd.log";
    Shell.Result said = fleet.exec(host, List.of("/bin/sh", "-c", look));
    return said.out() + said.err();
  }

  /** Waits until the guest's userland is up, since its last start. */
  public void awaitUserland(String vm) {
    await("userland of " + vm, () -> vm(vm).userlandMillis());
  }

  /**
   * Waits until the small guest says that it has booted for the {@code number}-th time: after a
   * power loss the host may for a moment still report the boot before.
   */
  public void awaitBoot(String vm, int number) {
    String said = "ratoon-guest: userland is up, boot " + number + ",";
    await(
        "boot " + number + " of " + vm,
        () -> console(vm).contains(said) ? Optional.of(said) : Optional.empty());
  }

  /** What the guest has written to its console so far. */
  public String console(String vm) {
    return api.get("/v1/vms/" + vm + "/console?offset=0");
  }

  /**
   * Types a command into the small guest's console and returns what it printed; it must succeed.
   */
  public String guest(String vm, String command) {
    return guestOn(this, vm, command);
  }

  /** The same of a guest that runs on another host of the fleet. */
  public String guestOn(RatoonHost where, String vm, String command) {
    String domain = domainOf(vm);
    int before = console(vm).length();
    // QEMU reads from a terminal only while somebody has it open, and looks once a second.
    where.run(
        "/bin/sh",
        "-c",
        ("tty=$(virsh -q ttyconsole %s) && exec 3<>$tty && printf '%%s\\n' \"$0\" >&3 || exit;"
                + " sleep 1.2 >/dev/null 2>&1 &")
            .formatted(domain),
        command);
    String said =
        await(
            "'" + command + "' in " + vm,
            () -> {
              String text = console(vm);
              String fresh = text.substring(Math.min(before, text.length()));
              return EXIT.matcher(fresh).find() ? Optional.of(fresh) : Optional.empty();
            });
    Matcher exit = EXIT.matcher(said);
    if (!exit.find() || !exit.group(1).equals("0")) {
      throw new AssertionError("in guest " + vm + ": " + command + ": " + said);
    }
    String output = said.substring(0, exit.start());
    return output.substring(output.indexOf('\n') + 1).replace("\r", "").strip();
  }

  /** How many domains of this VM the hypervisor has. */
  public int domainsOf(String vm) {
    String id = vm(vm).id().toString();
    return (int)
        run("/usr/bin/virsh", "-q", "list", "--uuid")
            .lines()
            .filter(l -> l.strip().equals(id))
            .count();
  }

  private String domainOf(String vm) {
    return vm(vm).id().toString();
  }

  /** Waits for something to appear; fails with {@code what} if it does not within three minutes. */
  public static <T> T await(String what, Supplier<Optional<T>> probe) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      Optional<T> found = probe.get();
      if (found.isPresent()) {
        return found.get();
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError("waited in vain for " + what);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_AGAIN.toMillis()));
    }
  }
}
