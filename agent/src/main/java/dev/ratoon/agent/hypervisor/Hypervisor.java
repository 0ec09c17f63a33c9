package dev.ratoon.agent.hypervisor;

import dev.ratoon.model.GuestHardware;
import dev.ratoon.model.VmId;
import java.util.List;
import java.util.Optional;

/**
 * What runs the domains of one host. Domains are transient: one that ends is gone without a trace,
 * so the agent's own records are the only truth about what should be there. Only domains that carry
 * Ratoon's mark are seen or touched.
 *
 * <p>Every method may be called from any thread, virtual ones included, and returns within a
 * bounded time. All throw {@link dev.ratoon.model.RatoonException}: {@code HYPERVISOR_UNAVAILABLE}
 * when the hypervisor cannot be reached (at once, while a new connection is sought in the
 * background), {@code TIMED_OUT} when it does not answer (what was asked may still happen), {@code
 * HYPERVISOR_REFUSED} when it says no, with its words in the detail.
 */
public interface Hypervisor extends DiskWork, AutoCloseable {

  /** Whether this machine is there to run VMs at all. */
  default boolean runsVms() {
    return true;
  }

  /** What this host offers to guests, as it is now. */
  HypervisorFacts facts();

  /** What guests are started with from now on; those that run keep what they have. */
  default void startWith(GuestHardware hardware) {}

  /**
   * Creates the domain, running or held as the spec says. If the VM already has a domain, that one
   * is left as it is, and that is success.
   *
   * @throws dev.ratoon.model.RatoonException {@code NETWORK_MISSING} or {@code FIRMWARE_MISSING} if
   *     the host lacks what the spec names; nothing is left behind then
   */
  void start(DomainSpec spec);

  /**
   * Lets a held domain's processors run; one that runs is left as it is.
   *
   * @throws dev.ratoon.model.RatoonException {@code DOMAIN_LOST} if there is no such domain
   */
  void resume(VmId id);

  /**
   * Holds a domain's processors; one that is held is left as it is.
   *
   * @throws dev.ratoon.model.RatoonException {@code DOMAIN_LOST} if there is no such domain
   */
  void pause(VmId id);

  /**
   * Asks the guest to shut down and returns at once: whether and when it does so is its own affair,
   * and comes as {@link HypervisorEvent.DomainEnded}. An absent domain is fine.
   */
  void shutdown(VmId id);

  /** Ends the domain now, as if its plug were pulled. An absent domain is fine. */
  void destroy(VmId id);

  /** All domains that carry Ratoon's mark. */
  List<DomainStatus> domains();

  /**
   * What is being done to disks of domains that carry Ratoon's mark, by whoever began it; without
   * those that do not say.
   */
  List<DomainJob> blockJobs();

  /** The same of this VM's domain: no other one's silence is waited for. None without a domain. */
  List<DomainJob> blockJobs(VmId id);

  /** The domain of this VM, if it has one that carries Ratoon's mark. */
  Optional<DomainStatus> domain(VmId id);

  /** The domains of others: those without Ratoon's mark, running or only defined. */
  List<OtherDomain> others();

  /**
   * Makes a domain of others Ratoon's own, whether or not it runs, and does not disturb its guest:
   * it gets Ratoon's mark, and is no longer defined beyond its run. What was done already is left
   * as it is, so that this can be repeated. One that has ended and is not defined is fine.
   *
   * @param definition where its definition is kept before anything is changed, unless something is
   *     kept there already
   */
  void takeOver(VmId id, long epoch, String tenant, Definition definition);

  /** Keeps the definition of a domain. */
  @FunctionalInterface
  interface Definition {
    /** Writes it down, for good when this returns. */
    void keep(String text);
  }

  /**
   * An address at which the guest can be reached, from leases, neighbours or its own agent: empty
   * as long as nobody knows one, and always for user-mode networks.
   */
  Optional<String> address(VmId id);

  /** This hypervisor's part in moving guests that run; empty if it has none. */
  default Optional<LiveMigration> live() {
    return Optional.empty();
  }

  /**
   * Tells the listener what happens from now on, in order, one event at a time, on a thread that
   * the listener must not hold for long. Events may be lost with the connection: after {@link
   * HypervisorEvent.ConnectionBack} look at {@link #domains()}.
   */
  Subscription listen(Listener listener);

  /** Ends the connection; domains run on. */
  @Override
  void close();

  /** Hears what happens to domains. */
  @FunctionalInterface
  interface Listener {
    void on(HypervisorEvent event);
  }

  /** Ends the listening when closed. */
  @FunctionalInterface
  interface Subscription extends AutoCloseable {
    @Override
    void close();
  }
}
