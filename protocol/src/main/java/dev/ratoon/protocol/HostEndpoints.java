package dev.ratoon.protocol;

import static dev.ratoon.protocol.EndpointRow.delete;
import static dev.ratoon.protocol.EndpointRow.get;
import static dev.ratoon.protocol.EndpointRow.post;
import static dev.ratoon.protocol.Permission.HOSTS_READ;
import static dev.ratoon.protocol.Permission.HOSTS_WRITE;

import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.api.AdoptRequest;
import dev.ratoon.protocol.api.AdoptedView;
import dev.ratoon.protocol.api.HostChange;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.JoinTokenRequest;
import dev.ratoon.protocol.api.JoinTokenView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.TakeOverRequest;
import java.util.List;
import java.util.Map;

/** Hosts, how they join, and what already lies on them. */
public final class HostEndpoints {
  public static final Endpoint<NoBody, HostView> HOST_LIST =
      get("host-list", "/v1/hosts", HOSTS_READ)
          .query(Pages.query())
          .answersAll(HostView.class, "All hosts, by name. " + Pages.HELP);
  public static final Endpoint<NoBody, HostView> HOST_SHOW =
      get("host-show", "/v1/hosts/{host}", HOSTS_READ)
          .answers(HostView.class, "One host, by name or id.");
  public static final Endpoint<HostChange, HostView> HOST_CHANGE =
      post("host-change", "/v1/hosts/{host}", HOSTS_WRITE)
          .takes(HostChange.class)
          .answers(
              HostView.class,
              "Says something else of a host: its cluster, tags, maintenance. What is absent stays.");
  public static final Endpoint<NoBody, HostView> HOST_REMOVE =
      delete("host-remove", "/v1/hosts/{host}", HOSTS_WRITE)
          .query(Map.of("lost", "true: the host will not come back; its VMs are given up."))
          .answers(
              HostView.class,
              "Removes a host from the fleet: it is not let in any more. Refused while it has VMs.");
  public static final Endpoint<NoBody, HostView> HOST_FOLLOW =
      post("host-follow", "/v1/hosts/{host}/follow", HOSTS_WRITE)
          .answers(
              HostView.class,
              "Lets a host whose history this database does not know follow it from now on.");
  public static final Endpoint<AdoptRequest, OperationView> HOST_ADOPT =
      post("host-adopt", "/v1/hosts/{host}/adopted", HOSTS_WRITE)
          .takes(AdoptRequest.class)
          .begins("Looks for disks that already lie on a host, and uses them where they lie.");
  public static final Endpoint<NoBody, AdoptedView> HOST_ADOPTED =
      get("host-adopted", "/v1/hosts/{host}/adopted", HOSTS_READ)
          .answers(
              AdoptedView.class,
              "The disks that a host has adopted, and the libvirt domains that stand on them.");
  public static final Endpoint<NoBody, OperationView> HOST_UNADOPT =
      delete("host-unadopt", "/v1/hosts/{host}/adopted", HOSTS_WRITE)
          .query(Map.of("path", "The path that was adopted."))
          .begins("Gives adopted disks back as they were found. Refused while VMs stand on them.");
  public static final Endpoint<TakeOverRequest, OperationView> VM_ADOPT =
      post("vm-adopt", "/v1/hosts/{host}/domains/{domain}/adopt", HOSTS_WRITE)
          .takes(TakeOverRequest.class)
          .begins(
              "Makes a VM of a libvirt domain whose disks stand on adopted ones; it runs on"
                  + " meanwhile.");
  public static final Endpoint<JoinTokenRequest, JoinTokenView> JOIN_TOKEN =
      post("join-token", "/v1/join-tokens", HOSTS_WRITE)
          .takes(JoinTokenRequest.class)
          .answers(JoinTokenView.class, "A token with which one host may join the fleet.");

  private HostEndpoints() {}

  /** Every row. */
  static List<Endpoint<?, ?>> all() {
    return List.of(
        HOST_LIST,
        HOST_SHOW,
        HOST_CHANGE,
        HOST_REMOVE,
        HOST_FOLLOW,
        HOST_ADOPT,
        HOST_ADOPTED,
        HOST_UNADOPT,
        VM_ADOPT,
        JOIN_TOKEN);
  }
}
