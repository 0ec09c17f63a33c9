package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.DiskView;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The life of VMs on one host: real libvirt, real QEMU, real guests, by the command line. */
class DeployTest {
  private final Lab lab = Lab.shared();
  private final RatoonHost host = lab.host;

  @AfterEach
  void deleteVms() {
    for (VmView vm : host.vms()) {
      host.ratoon("vm", "delete", vm.name().text(), "--yes");
    }
  }

  @Test
  void guestsWriteOnOneBaseWithoutSeeingEachOtherAndTheirDataSurvives() throws Exception {
    String basePath = host.bases().getFirst().replicas().getFirst().path();
    String before = sha256(basePath);

    host.ratoon("vm", "deploy", "pair", "--image", "small", "--count", "2");
    host.awaitUserland("pair-1");
    host.awaitUserland("pair-2");
    host.guest("pair-1", "echo one > /data; sync");
    host.guest("pair-2", "echo two > /data; sync");
    assertThat(host.guest("pair-1", "cat /data")).isEqualTo("one");
    assertThat(host.guest("pair-2", "cat /data")).isEqualTo("two");

    host.ratoon("vm", "stop", "pair-1");
    VmView stopped = host.vm("pair-1");
    assertThat(stopped.state()).isEqualTo(VmState.STOPPED);
    Path overlay = host.outside(stopped.disks().getFirst().path().orElseThrow());
    host.run("/usr/bin/qemu-img", "check", stopped.disks().getFirst().path().orElseThrow());
    assertThat(overlay).exists();
    host.ratoon("vm", "start", "pair-1");
    host.awaitUserland("pair-1");
    assertThat(host.guest("pair-1", "cat /data")).isEqualTo("one");
    assertThat(host.console("pair-1")).contains("boot 2");

    host.ratoon("vm", "stop", "pair-1");
    host.ratoon("vm", "stop", "pair-2", "--now");
    for (String name : new String[] {"pair-1", "pair-2"}) {
      host.run("/usr/bin/qemu-img", "check", host.vm(name).disks().getFirst().path().orElseThrow());
    }
    assertThat(sha256(basePath)).isEqualTo(before);
    host.run(
        "/usr/bin/qemu-img",
        "compare",
        "-f",
        "raw",
        "-F",
        "qcow2",
        basePath,
        lab.smallImage.toString());
  }

  @Test
  void nothingIsCopiedUnlessAskedFor() {
    host.ratoon("vm", "deploy", "child", "--image", "small");
    host.ratoon("vm", "deploy", "whole", "--image", "small", "--no-differencing");

    DiskView child = host.vm("child").disks().getFirst();
    DiskView whole = host.vm("whole").disks().getFirst();
    long baseStored = host.bases().getFirst().replicas().getFirst().storedBytes();

    assertThat(child.copiedBytes()).isZero();
    assertThat(child.basePath()).contains(host.bases().getFirst().replicas().getFirst().path());
    assertThat(whole.copiedBytes()).isGreaterThan(baseStored / 2);
    assertThat(whole.basePath()).isEmpty();
    host.awaitUserland("whole");
  }

  @Test
  void aVmCanHaveMoreDisksAndALargerRoot() {
    host.ratoon(
        "vm",
        "deploy",
        "disks",
        "--image",
        "small",
        "--root-size",
        "3G",
        "--disk",
        "size=64M",
        "--disk",
        "image=small,differencing=off");
    host.awaitUserland("disks");

    assertThat(host.guest("disks", "cat /sys/block/vda/size"))
        .isEqualTo(String.valueOf((3L << 30) / 512));
    assertThat(host.guest("disks", "cat /sys/block/vdb/size"))
        .isEqualTo(String.valueOf((64L << 20) / 512));
    assertThat(host.vm("disks").disks())
        .extracting(DiskView::copiedBytes)
        .element(2)
        .matches(copied -> copied > 0);
  }

  @Test
  void uefiGuestsKeepTheirOwnVariables() {
    host.ratoon(
        "vm", "deploy", "uefi", "--image", "small", "--firmware", "uefi", "--memory", "256M");
    host.awaitUserland("uefi");

    assertThat(host.guest("uefi", "test -d /sys/firmware/efi && echo yes")).isEqualTo("yes");
    assertThat(host.home().resolve("vms/" + host.vm("uefi").id() + "/vars.fd")).exists();
  }

  @Test
  void theSeedTellsTheGuestItsName() {
    host.ratoon("vm", "deploy", "named", "--image", "small");
    host.awaitUserland("named");

    assertThat(host.guest("named", "hostname")).isEqualTo("named");
  }

  @Test
  void filesOfTheGuestBelongToQemuAndTheBaseToNobodyElse() {
    host.ratoon("vm", "deploy", "owned", "--image", "small");
    VmView vm = host.vm("owned");
    String overlay = vm.disks().getFirst().path().orElseThrow();
    String base = vm.disks().getFirst().basePath().orElseThrow();
    String conf = host.run("/usr/bin/md5sum", "/etc/libvirt/qemu.conf");

    assertThat(host.run("/usr/bin/stat", "-c", "%U %a", overlay).strip())
        .isEqualTo("libvirt-qemu 600");
    assertThat(host.run("/usr/bin/stat", "-c", "%U %a", base).strip()).isEqualTo("root 444");
    assertThat(host.run("/usr/bin/lsattr", base)).matches("(?s)^[^ ]*i[^ ]* .*");
    host.ratoon("vm", "stop", "owned", "--now");
    assertThat(host.run("/usr/bin/stat", "-c", "%U %a", overlay).strip())
        .isEqualTo("libvirt-qemu 600");
    assertThat(host.run("/usr/bin/stat", "-c", "%U %a", base).strip()).isEqualTo("root 444");
    assertThat(host.run("/usr/bin/md5sum", "/etc/libvirt/qemu.conf")).isEqualTo(conf);
  }

  @Test
  void aDeletedVmComesBackWithItsData() {
    host.ratoon("vm", "deploy", "back", "--image", "small");
    host.awaitUserland("back");
    host.guest("back", "echo precious > /data; sync");

    host.ratoon("vm", "delete", "back", "--yes");
    assertThat(host.vms()).isEmpty();
    host.ratoon("vm", "undelete", "back");
    host.ratoon("vm", "start", "back");
    host.awaitUserland("back");

    assertThat(host.guest("back", "cat /data")).isEqualTo("precious");
  }

  @Test
  void pausedVmsAreHeldUntilStarted() {
    host.ratoon("vm", "deploy", "held", "--image", "small", "--paused");
    assertThat(host.vm("held").state()).isEqualTo(VmState.PAUSED);

    host.ratoon("vm", "start", "held");

    host.awaitUserland("held");
    assertThat(host.vm("held").state()).isEqualTo(VmState.RUNNING);
  }

  @Test
  void theSameContentUnderAnotherNameIsStoredOnce() {
    host.run(
        "/usr/bin/qemu-img", "convert", "-O", "raw", lab.smallImage.toString(), "/srv/small.raw");
    host.ratoon("image", "add", "other:raw", "/srv/small.raw");

    assertThat(host.bases()).hasSize(1);
    BaseView base = host.bases().getFirst();
    assertThat(base.images()).hasSize(2);
    assertThat(base.replicas().getFirst().state()).isEqualTo(ReplicaState.READY);
    host.ratoon("image", "delete", "other:raw");
  }

  private String sha256(String pathOnHost) {
    return host.run("/usr/bin/sha256sum", pathOnHost).split(" ")[0];
  }
}
