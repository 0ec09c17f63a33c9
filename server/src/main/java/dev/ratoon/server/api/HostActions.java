package dev.ratoon.server.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.HostEndpoints;
import dev.ratoon.protocol.api.AdoptRequest;
import dev.ratoon.protocol.api.HostChange;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.JoinTokenRequest;
import dev.ratoon.protocol.api.JoinTokenView;
import dev.ratoon.protocol.api.TakeOverRequest;
import dev.ratoon.server.inventory.Inventory;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.members.Tags;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** What users do with hosts. */
record HostActions(Inventory inventory, Members members, InstantSource clock) {
  private static final Duration USUALLY_VALID = Duration.ofHours(1);
  private static final Duration MOST_VALID = Duration.ofDays(7);
  private static final String HOST = "host";

  static void add(Actions actions, Inventory inventory, Members members, InstantSource clock) {
    HostActions all = new HostActions(inventory, members, clock);
    actions
        .on(HostEndpoints.HOST_LIST, call -> Answer.Page.of(inventory.fleet().hosts(call.page())))
        .on(
            HostEndpoints.HOST_SHOW,
            call -> new Answer.Value(inventory.fleet().host(call.parameter(HOST))))
        .on(HostEndpoints.HOST_CHANGE, all::change)
        .on(HostEndpoints.HOST_REMOVE, all::remove)
        .on(HostEndpoints.HOST_FOLLOW, all::follow)
        .on(HostEndpoints.HOST_ADOPT, all::adopt)
        .on(HostEndpoints.HOST_ADOPTED, all::adopted)
        .on(HostEndpoints.HOST_UNADOPT, all::unadopt)
        .on(HostEndpoints.VM_ADOPT, all::takeOver)
        .on(HostEndpoints.JOIN_TOKEN, all::token);
  }

  private Answer change(Call<HostChange> call) {
    HostView host = inventory.fleet().host(call.parameter(HOST));
    inventory.hostChanges().change(host.id(), host.name(), call.body());
    return new Answer.Value(inventory.fleet().host(host.id().toString()));
  }

  private Answer remove(Call<?> call) {
    HostView host = inventory.fleet().host(call.parameter(HOST));
    inventory.hostChanges().remove(host.id(), host.name(), call.yesOrNo("lost").orElse(false));
    return new Answer.Value(host);
  }

  private Answer follow(Call<?> call) {
    HostView host = inventory.fleet().host(call.parameter(HOST));
    inventory.hostChanges().follow(host.id(), host.name());
    return new Answer.Value(inventory.fleet().host(host.id().toString()));
  }

  private Answer adopt(Call<AdoptRequest> call) {
    HostView host = inventory.fleet().host(call.parameter(HOST));
    return new Answer.Value(inventory.adoptions().adopt(call.tenant(), host.id(), call.body()));
  }

  private Answer adopted(Call<?> call) {
    HostView host = inventory.fleet().host(call.parameter(HOST));
    return new Answer.Value(inventory.adoptions().view(host.id(), host.name()));
  }

  private Answer unadopt(Call<?> call) {
    HostView host = inventory.fleet().host(call.parameter(HOST));
    String path =
        call.query("path")
            .orElseThrow(() ->
                Problem.of(ErrorCode.INVALID_REQUEST, "reading the query")
                    .detail("The parameter 'path' is missing.")
                    .next("Name the path that was adopted.")
                    .asException());
    return new Answer.Value(inventory.adoptions().unadopt(call.tenant(), host.id(), path));
  }

  private Answer takeOver(Call<TakeOverRequest> call) {
    HostView host = inventory.fleet().host(call.parameter(HOST));
    return new Answer.Value(
        inventory
            .takeOvers()
            .takeOver(call.tenant(), host.id(), call.parameter("domain"), call.body()));
  }

  private Answer token(Call<JoinTokenRequest> call) {
    Duration valid = call.body().validSeconds().map(Duration::ofSeconds).orElse(USUALLY_VALID);
    if (valid.isNegative() || valid.isZero() || valid.compareTo(MOST_VALID) > 0) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "making a join token")
          .detail("It would be valid for " + valid.toSeconds() + " s.")
          .next("Write 1 second to 7 days.")
          .asException();
    }
    Instant expires = clock.instant().plus(valid);
    String token =
        members.newToken(call.body().cluster(), Tags.of(call.body().tags()), valid).text();
    return new Answer.Value(new JoinTokenView(token, expires));
  }
}
