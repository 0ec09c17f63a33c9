package dev.ratoon.agent.libvirt;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.LiveMigration;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.libvirt.jna.DomainPointer;

/**
 * The phases of libvirt's migration, driven by us in place of a libvirt client that would have to
 * reach both daemons. What has to be right between them: the job at the source lasts from the first
 * phase to the last (change protection), and ends by itself when our connection does.
 */
final class LibvirtLive implements LiveMigration, AutoCloseable {
  private static final int LIVE = 1;
  private static final int OWN_DISKS_ALONE = 128;
  private static final int CHANGE_PROTECTION = 256;
  private static final int ABORT_ON_ERROR = 4096;
  private static final int AUTO_CONVERGE = 8192;
  private static final int BOTH = LIVE | OWN_DISKS_ALONE;
  private static final int OF_SOURCE = BOTH | ABORT_ON_ERROR | AUTO_CONVERGE | CHANGE_PROTECTION;
  private static final int COMPLETED = 1;

  /** VIR_DOMAIN_XML_MIGRATABLE: the processor as it was asked for, not as it was then found. */
  private static final int AS_STARTED = 8;

  private static final int MOST_WORD_BYTES = 1 << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** A guest that writes faster than the link carries is held back ever more; then it is enough. */
  private static final Duration LONGEST = Duration.ofHours(6);

  private static final NativeMigration VIRT = NativeMigration.INSTANCE;

  private final ConnectionKeeper keeper;
  private final Function<DomainSpec, String> describing;
  private final MachineCheck check;
  private final Lane moving = new Lane("libvirt-move", 4);
  private final Lane asking = new Lane("libvirt-move-ask", 2);

  /**
   * @param describing a domain as it is started here
   * @param check whether a guest of another host can run here
   */
  LibvirtLive(
      ConnectionKeeper keeper, Function<DomainSpec, String> describing, MachineCheck check) {
    this.keeper = keeper;
    this.describing = describing;
    this.check = check;
  }

  @Override
  public Machine machine(VmId id) {
    String doing = "looking at domain " + id;
    return asking.call(
        doing,
        PATIENCE,
        () ->
            keeper
                .use(
                    doing,
                    c ->
                        c.withDomain(
                            id.toString(),
                            domain -> MachineXml.read(domain.getXMLDesc(AS_STARTED))))
                .orElseThrow(() -> lost(doing)));
  }

  @Override
  public void requireRunnable(Machine machine) {
    String doing = "looking whether a guest can run here";
    Optional<Problem> why =
        asking.call(
            doing,
            PATIENCE,
            () -> keeper.use(doing, connection -> check.reasonAgainst(connection, machine)));
    if (why.isPresent()) {
      throw why.get().asException();
    }
  }

  @Override
  public String description(DomainSpec spec, Machine machine) {
    return MachineXml.put(describing.apply(spec), machine);
  }

  @Override
  public Begun begin(VmId id, String description) {
    String doing = "beginning to send domain " + id;
    try (MigrationParameters params = new MigrationParameters().xml(description)) {
      return source(
          doing,
          id,
          PATIENCE,
          domain -> {
            Words out = new Words();
            Pointer xml =
                VIRT.virDomainMigrateBegin3Params(
                    domain, params.pointer(), params.count(), out.word, out.bytes, OF_SOURCE);
            if (xml == null) {
              throw LibvirtErrors.last(doing);
            }
            String text = xml.getString(0, "UTF-8");
            Native.free(Pointer.nativeValue(xml));
            return new Begun(text, out.take());
          });
    }
  }

  @Override
  public byte[] prepare(DomainSpec spec, Machine machine, byte[] word, Sockets listen) {
    String doing = "preparing for domain '" + spec.name() + "'";
    String description = description(spec, machine);
    return moving.call(
        doing,
        PATIENCE,
        () ->
            keeper.use(
                doing,
                connection -> {
                  try (MigrationParameters params =
                      new MigrationParameters().xml(description).sockets(listen)) {
                    Words out = new Words();
                    PointerByReference uri = new PointerByReference();
                    int rc =
                        VIRT.virDomainMigratePrepare3Params(
                            connection.pointer(),
                            params.pointer(),
                            params.count(),
                            word,
                            word.length,
                            out.word,
                            out.bytes,
                            uri,
                            BOTH);
                    free(uri);
                    if (rc < 0) {
                      throw LibvirtErrors.last(doing);
                    }
                    return out.take();
                  }
                }));
  }

  @Override
  public byte[] perform(VmId id, Begun begun, byte[] word, Sockets connect) {
    String doing = "sending domain " + id;
    try (MigrationParameters params =
        new MigrationParameters().xml(begun.description()).sockets(connect)) {
      return source(
          doing,
          id,
          LONGEST,
          domain -> {
            Words out = new Words();
            int rc =
                VIRT.virDomainMigratePerform3Params(
                    domain,
                    null,
                    params.pointer(),
                    params.count(),
                    word,
                    word.length,
                    out.word,
                    out.bytes,
                    OF_SOURCE);
            byte[] said = out.take();
            if (rc < 0) {
              throw LibvirtErrors.last(doing);
            }
            return said;
          });
    }
  }

  @Override
  public void abort(VmId id) {
    String doing = "stopping to send domain " + id;
    asking.call(
        doing,
        PATIENCE,
        () ->
            keeper.use(
                doing,
                connection -> connection.withPointer(id.toString(), VIRT::virDomainAbortJob)));
  }

  @Override
  public Progress progress(VmId id) {
    String doing = "asking how far domain " + id + " is";
    return asking.call(
        doing,
        PATIENCE,
        () ->
            keeper.use(
                doing,
                connection ->
                    connection
                        .withPointer(id.toString(), domain -> progress(domain, 0))
                        .orElse(new Progress(0, 0, 0, 0, Optional.empty()))));
  }

  private static Progress progress(DomainPointer domain, int flags) {
    IntByReference type = new IntByReference();
    PointerByReference params = new PointerByReference();
    IntByReference count = new IntByReference();
    if (VIRT.virDomainGetJobStats(domain, type, params, count, flags) < 0) {
      return new Progress(0, 0, 0, 0, Optional.empty());
    }
    Pointer all = params.getValue();
    try {
      return new Progress(
          number(all, count, "memory_processed").orElse(0L),
          number(all, count, "memory_total").orElse(0L),
          number(all, count, "disk_processed").orElse(0L),
          number(all, count, "disk_total").orElse(0L),
          number(all, count, "downtime"));
    } finally {
      VIRT.virTypedParamsFree(all, count.getValue());
    }
  }

  private static Optional<Long> number(Pointer params, IntByReference count, String name) {
    LongByReference value = new LongByReference();
    return params != null
            && VIRT.virTypedParamsGetULLong(params, count.getValue(), name, value) == 1
        ? Optional.of(value.getValue())
        : Optional.empty();
  }

  @Override
  public Optional<Progress> finish(DomainSpec spec, byte[] word, boolean cancelled) {
    String doing = "taking domain '" + spec.name() + "'";
    return moving.call(
        doing,
        PATIENCE,
        () ->
            keeper.use(
                doing,
                connection -> {
                  try (MigrationParameters params =
                      new MigrationParameters().name(DomainXml.name(spec))) {
                    Words out = new Words();
                    DomainPointer domain =
                        VIRT.virDomainMigrateFinish3Params(
                            connection.pointer(),
                            params.pointer(),
                            params.count(),
                            word,
                            word.length,
                            out.word,
                            out.bytes,
                            BOTH,
                            cancelled ? 1 : 0);
                    byte[] _ = out.take();
                    if (domain == null) {
                      return Optional.<Progress>empty();
                    }
                    try {
                      return Optional.of(progress(domain, COMPLETED));
                    } finally {
                      NativeLibvirt.INSTANCE.virDomainFree(domain);
                    }
                  }
                }));
  }

  @Override
  public void confirm(VmId id, byte[] word, boolean cancelled) {
    String doing = "ending to send domain " + id;
    int rc =
        source(
            doing,
            id,
            PATIENCE,
            domain ->
                VIRT.virDomainMigrateConfirm3Params(
                    domain, null, 0, word, word.length, OF_SOURCE, cancelled ? 1 : 0));
    if (rc < 0) {
      throw LibvirtErrors.last(doing);
    }
  }

  /** Something done with the domain at the source. */
  private <T> T source(String doing, VmId id, Duration patience, Function<DomainPointer, T> work) {
    return moving.call(
        doing,
        patience,
        () ->
            keeper.use(
                doing,
                connection ->
                    connection.withPointer(id.toString(), work).orElseThrow(() -> lost(doing))));
  }

  private static RatoonException lost(String doing) {
    return Problem.of(ErrorCode.DOMAIN_LOST, doing).detail("It does not exist.").asException();
  }

  private static void free(PointerByReference owned) {
    if (owned.getValue() != null) {
      Native.free(Pointer.nativeValue(owned.getValue()));
    }
  }

  /** A word that libvirt gives away. */
  private static final class Words {
    final PointerByReference word = new PointerByReference();
    final IntByReference bytes = new IntByReference();

    byte[] take() {
      Pointer given = word.getValue();
      if (given == null) {
        return new byte[0];
      }
      byte[] copy = given.getByteArray(0, Math.clamp(bytes.getValue(), 0, MOST_WORD_BYTES));
      free(word);
      word.setValue(null);
      return copy;
    }
  }

  @Override
  public void close() {
    moving.close();
    asking.close();
  }
}
