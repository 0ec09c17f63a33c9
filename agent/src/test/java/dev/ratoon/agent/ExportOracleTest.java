package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.stream.DiskStreamReader;
import dev.ratoon.disk.stream.StreamTarget;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.DiskStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Exports of real overlays, written by qemu-io in place of a guest, from a simulated hypervisor.
 */
class ExportOracleTest {
  @TempDir Path work;
  private Host host;

  @BeforeEach
  void up() throws Exception {
    host = new Host(work);
    host.boot();
  }

  @AfterEach
  void down() throws Exception {
    host.close();
  }

  @Test
  void theWholeDiskIsWhatTheGuestReads() throws Exception {
    VmId vm = written("web");

    Path exported = whole(sent(vm, DiskPart.WHOLE));

    Path expected = work.resolve("expected.raw");
    Host.run("qemu-img", "convert", "-O", "raw", disk(vm).toString(), expected.toString());
    assertThat(Files.mismatch(exported, expected)).isEqualTo(-1);
  }

  @Test
  void baseAndOverlayTogetherAreTheWhole() throws Exception {
    VmId vm = written("web");

    Path base = whole(sent(vm, DiskPart.BASE));
    assertThat(Files.mismatch(base, host.base().path())).isEqualTo(-1);
    byte[] overlay = sent(vm, DiskPart.OVERLAY);
    DiskStreamReader reader = reader(overlay);

    assertThat(reader.header().base()).contains(host.base().id());
    try (WritableDisk disk = VirtualDisks.openWritable(base, raw(), chain())) {
      reader.readInto(new StreamTarget(disk, DiskPart.OVERLAY));
    }
    assertThat(Files.mismatch(base, whole(sent(vm, DiskPart.WHOLE)))).isEqualTo(-1);
    assertThat(overlay.length).isLessThan(500_000);
  }

  @Test
  void aWholeCopyAndAVmInTheTrashAreExportedToo() throws Exception {
    DesiredVm copy = host.vm("copy", DesiredPower.RUNNING, RestartPolicy.NEVER, false);
    host.want(copy);
    host.await(copy.id(), VmState.RUNNING);
    stop(copy.id());
    assertThat(Files.mismatch(whole(sent(copy.id(), DiskPart.WHOLE)), host.base().path()))
        .isEqualTo(-1);
    assertThat(refusal(copy.id(), DiskPart.OVERLAY).code()).isEqualTo(ErrorCode.INVALID_VALUE);

    host.power(copy.id(), DesiredPower.TRASHED);
    host.await(copy.id(), VmState.TRASHED);

    assertThat(Files.mismatch(whole(sent(copy.id(), DiskPart.WHOLE)), host.base().path()))
        .isEqualTo(-1);
  }

  @ParameterizedTest
  @EnumSource
  void aVmThatRunsIsRefusedWithWhatToDo(DiskPart part) throws Exception {
    VmId vm = host.deploy("web");
    host.await(vm, VmState.RUNNING);

    Problem running = refusal(vm, part);
    assertThat(running.code()).isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(running.next()).contains("ratoon vm stop web");

    host.power(vm, DesiredPower.PAUSED);
    host.await(vm, VmState.PAUSED);
    assertThat(refusal(vm, part).code()).isEqualTo(ErrorCode.WRONG_STATE);
  }

  @Test
  void aVmThatIsStartedMeanwhileIsNotDisturbedAndTheStreamSaysSo() throws Exception {
    VmId vm = written("web");

    Problem told =
        problemOf(
            vm,
            () -> {
              host.power(vm, DesiredPower.RUNNING);
              host.await(vm, VmState.RUNNING);
            });

    assertThat(told.code()).isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(told.detail()).contains("started meanwhile");
    assertThat(host.hypervisor().domains()).hasSize(1);
  }

  @Test
  void aVmThatRanMeanwhileAndStoppedAgainIsNoticedEvenIfItWroteNothing() throws Exception {
    VmId vm = written("web");

    Problem told =
        problemOf(
            vm,
            () -> {
              host.power(vm, DesiredPower.RUNNING);
              host.await(vm, VmState.RUNNING);
              host.hypervisor().end(vm, Ending.SHUTDOWN_BY_GUEST);
              host.awaitReport(vm, r -> r.settled() && r.state() == VmState.STOPPED);
            });

    assertThat(told.code()).isEqualTo(ErrorCode.WRONG_STATE);
  }

  @Test
  void whoWritesBehindOurBackIsNoticed() throws Exception {
    VmId vm = written("web");

    Problem told = problemOf(vm, () -> guestWrites(vm, "write -P 9 512k 4k"));

    assertThat(told.code()).isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(told.detail()).contains("written to the disk meanwhile");
  }

  @Test
  void filesThatGoMeanwhileAreSaidButAMoveToTheTrashDoesNoHarm() throws Exception {
    VmId vm = written("web");
    byte[] before = sent(vm, DiskPart.WHOLE);
    byte[] moved =
        sent(
            vm,
            () -> {
              host.power(vm, DesiredPower.TRASHED);
              host.await(vm, VmState.TRASHED);
            });
    assertThat(moved).isEqualTo(before);

    Problem told =
        problemOf(
            vm,
            () -> {
              host.power(vm, DesiredPower.PURGED);
              host.await(vm, VmState.TRASHED);
            });
    assertThat(told.code()).isEqualTo(ErrorCode.OVERLAY_ALTERED);
    assertThat(refusal(vm, DiskPart.WHOLE).code()).isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  void aBaseThatWasAlteredIsNotRead() throws Exception {
    VmId vm = written("web");
    Problem meanwhile = problemOf(vm, host::alterBase);
    assertThat(meanwhile.code()).isEqualTo(ErrorCode.BASE_ALTERED);

    for (DiskPart part : DiskPart.values()) {
      assertThat(refusal(vm, part).code()).isEqualTo(ErrorCode.BASE_ALTERED);
    }
  }

  @Test
  void anOverlayThatNamesAnotherBaseIsNotRead() throws Exception {
    VmId vm = written("web");
    Path other = Files.copy(host.base().path(), work.resolve("other.raw"));
    Host.run("qemu-img", "rebase", "-u", "-b", other.toString(), "-F", "raw", disk(vm).toString());

    assertThat(refusal(vm, DiskPart.WHOLE).code()).isEqualTo(ErrorCode.OVERLAY_ALTERED);
  }

  @Test
  void fourAtOnceAndNoMore() throws Exception {
    VmId vm = written("web");
    List<DiskStream> open = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      open.add(host.agent().disk(vm, 0, DiskPart.WHOLE, true));
    }

    assertThat(refusal(vm, DiskPart.WHOLE).code()).isEqualTo(ErrorCode.BUSY);

    open.getFirst().close();
    open.getFirst().close();
    open.add(host.agent().disk(vm, 0, DiskPart.WHOLE, true));
    assertThat(refusal(vm, DiskPart.WHOLE).code()).isEqualTo(ErrorCode.BUSY);
    open.forEach(DiskStream::close);
    for (int i = 0; i < 9; i++) {
      assertThat(refusal(new VmId(new UUID(1, i)), DiskPart.WHOLE).code())
          .isEqualTo(ErrorCode.NOT_FOUND);
      assertThat(sent(vm, DiskPart.WHOLE)).isNotEmpty();
    }
  }

  @Test
  void aReceiverThatGoesAwayIsLetGoOf() throws Exception {
    VmId vm = written("web");
    for (int i = 0; i < 9; i++) {
      try (DiskStream stream = host.agent().disk(vm, 0, DiskPart.WHOLE, true)) {
        IOException gone =
            catchThrowableOfType(IOException.class, () -> stream.writeTo(new Broken()));
        assertThat(gone).hasMessage("gone");
      }
    }
  }

  /** A stopped VM on whose disk a guest wrote, zeroed what the base has, and discarded. */
  private VmId written(String name) throws Exception {
    VmId vm = host.deploy(name);
    host.await(vm, VmState.RUNNING);
    stop(vm);
    guestWrites(
        vm, "write -P 7 100k 70k", "write -z 1M 128k", "write -P 3 3M 512", "discard 0 64k");
    return vm;
  }

  private void stop(VmId vm) {
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
  }

  private Path disk(VmId vm) {
    return host.folders().vm(vm).resolve("disk-0.qcow2");
  }

  private void guestWrites(VmId vm, String... commands) throws Exception {
    List<String> all = new ArrayList<>(List.of("qemu-io", "-f", "qcow2"));
    for (String command : commands) {
      all.addAll(List.of("-c", command));
    }
    all.add(disk(vm).toString());
    Host.run(all.toArray(String[]::new));
  }

  private Problem refusal(VmId vm, DiskPart part) {
    return catchThrowableOfType(
            RatoonException.class, () -> host.agent().disk(vm, 0, part, true).close())
        .problem();
  }

  private byte[] sent(VmId vm, DiskPart part) throws IOException {
    try (DiskStream stream = host.agent().disk(vm, 0, part, true)) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      stream.writeTo(out);
      return out.toByteArray();
    }
  }

  /** All of the disk, with something happening when the first bytes of it have been sent. */
  private byte[] sent(VmId vm, Event meanwhile) throws IOException {
    try (DiskStream stream = host.agent().disk(vm, 0, DiskPart.WHOLE, true)) {
      Meanwhile out = new Meanwhile(meanwhile);
      stream.writeTo(out);
      return out.all.toByteArray();
    }
  }

  private Problem problemOf(VmId vm, Event meanwhile) throws IOException {
    byte[] stream = sent(vm, meanwhile);
    return catchThrowableOfType(RatoonException.class, () -> whole(stream)).problem();
  }

  private Path whole(byte[] stream) throws IOException {
    DiskStreamReader reader = reader(stream);
    Path file = Files.createTempFile(work, "export", ".raw");
    Files.delete(file);
    try (WritableDisk disk =
        VirtualDisks.create(
            file, reader.header().size(), Optional.empty(), new CreateOptions.Raw())) {
      reader.readInto(new StreamTarget(disk, reader.header().part()));
    }
    return file;
  }

  private static DiskStreamReader reader(byte[] stream) throws IOException {
    return DiskStreamReader.open(new ByteArrayInputStream(stream), "the test's disk");
  }

  private static DiskFormat raw() {
    return DiskFormat.RAW;
  }

  private static OpenRules.Chain chain() {
    return OpenRules.chain(1);
  }

  /** Something that happens in the middle of an export. */
  private interface Event {
    void happen() throws Exception;
  }

  private static final class Meanwhile extends OutputStream {
    private final ByteArrayOutputStream all = new ByteArrayOutputStream();
    private final Event event;
    private boolean happened;

    Meanwhile(Event event) {
      this.event = event;
    }

    @Override
    public void write(int one) {
      write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
      all.write(bytes, offset, length);
      if (!happened && all.size() > 60) {
        happened = true;
        try {
          event.happen();
        } catch (Exception failed) {
          throw new AssertionError(failed);
        }
      }
    }
  }

  private static final class Broken extends OutputStream {
    @Override
    public void write(int one) throws IOException {
      throw new IOException("gone");
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      throw new IOException("gone");
    }
  }
}
