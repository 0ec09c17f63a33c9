package dev.ratoon.protocol.agent;

/** What a host is to do for the migration of one VM. */
public enum MoveTask {
  /** The destination brings what the VM's disks stand on, and verifies it; the VM runs on. */
  BRING,
  /** The destination fetches the files of the VM, which stands still. */
  FETCH,
  /** The source stops the VM, starts it no more, and gives its files to the destination. */
  GIVE,
  /** The destination makes the VM's disks ready and takes the running guest. */
  RECEIVE,
  /** The source sends the running guest. */
  SEND,
  /** The source ends sending the guest, and says whether it is still there. */
  RETURN,
  /** The VM is another host's. The source keeps the files that it had until told more. */
  KEEP,
  /** The source removes the files that it had: the VM lives elsewhere. */
  REMOVE,
  /** The destination removes what has come: the VM stays where it was. */
  DISCARD
}
