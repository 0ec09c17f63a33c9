package dev.ratoon.protocol;

import static dev.ratoon.protocol.EndpointRow.delete;
import static dev.ratoon.protocol.EndpointRow.get;
import static dev.ratoon.protocol.EndpointRow.post;
import static dev.ratoon.protocol.EndpointRow.put;
import static dev.ratoon.protocol.Permission.HOSTS_READ;
import static dev.ratoon.protocol.Permission.HOSTS_WRITE;

import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.api.CachePlanView;
import dev.ratoon.protocol.api.CachePolicy;
import dev.ratoon.protocol.api.CachePolicyView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.ShareFill;
import dev.ratoon.protocol.api.ShareRequest;
import dev.ratoon.protocol.api.ShareView;
import java.util.List;
import java.util.Map;

/** Shared caches, and by which policies base disks leave caches. */
public final class CacheEndpoints {
  private static final Map<String, String> ONE_CACHE =
      Map.of(
          "host", "Of this host's own cache alone, by name or id.",
          "share", "Of this share alone.");

  public static final Endpoint<ShareRequest, ShareView> SHARE_ADD =
      post("share-add", "/v1/shares", HOSTS_WRITE)
          .takes(ShareRequest.class)
          .answers(
              ShareView.class,
              "Lets hosts share a cache: a folder that all have mounted, or an SMB share.");
  public static final Endpoint<NoBody, ShareView> SHARE_LIST =
      get("share-list", "/v1/shares", HOSTS_READ)
          .answersAll(
              ShareView.class, "All shared caches, how their hosts find them and what is there.");
  public static final Endpoint<NoBody, ShareView> SHARE_SHOW =
      get("share-show", "/v1/shares/{share}", HOSTS_READ)
          .answers(ShareView.class, "One shared cache.");
  public static final Endpoint<NoBody, ShareView> SHARE_REMOVE =
      delete("share-remove", "/v1/shares/{share}", HOSTS_WRITE)
          .answers(
              ShareView.class,
              "Lets hosts use a shared cache no more; its files stay. Refused while VMs stand on it.");
  public static final Endpoint<ShareFill, ShareView> SHARE_FILL =
      post("share-fill", "/v1/shares/{share}/bases", HOSTS_WRITE)
          .takes(ShareFill.class)
          .answers(
              ShareView.class,
              "Wants an image's base disk on a shared cache; a host that has it puts it there.");
  public static final Endpoint<NoBody, ShareView> SHARE_FILL_END =
      delete("share-fill-end", "/v1/shares/{share}/bases/{image}", HOSTS_WRITE)
          .answers(
              ShareView.class,
              "Wants an image's base disk on a shared cache no longer. Nothing is removed; policies may take it from then on.");
  public static final Endpoint<NoBody, CachePolicyView> CACHE_POLICIES =
      get("cache-policies", "/v1/cache-policies", HOSTS_READ)
          .answersAll(
              CachePolicyView.class,
              "The policies by which unused base disks leave caches; none unless an operator set one.");
  public static final Endpoint<CachePolicy, CachePolicyView> CACHE_POLICY_SET =
      put("cache-policy-set", "/v1/cache-policies", HOSTS_WRITE)
          .query(ONE_CACHE)
          .takes(CachePolicy.class)
          .answers(
              CachePolicyView.class,
              "Sets the policy of the whole fleet, or of one cache in place of the fleet's.");
  public static final Endpoint<NoBody, CachePolicyView> CACHE_POLICY_CLEAR =
      delete("cache-policy-clear", "/v1/cache-policies", HOSTS_WRITE)
          .query(ONE_CACHE)
          .answers(
              CachePolicyView.class, "Removes the policy of the whole fleet, or of one cache.");
  public static final Endpoint<NoBody, CachePlanView> CACHE_PLAN =
      get("cache-plan", "/v1/cache-plan", HOSTS_READ)
          .query(ONE_CACHE)
          .answersAll(
              CachePlanView.class,
              "What would leave each cache now, and why the rest would not. Nothing is done.");
  public static final Endpoint<NoBody, OperationView> CACHE_CLEAN =
      post("cache-clean", "/v1/cache-plan", HOSTS_WRITE)
          .query(ONE_CACHE)
          .beginsAll(
              "Does what the plan shows: one operation for each base disk that leaves a cache. Each"
                  + " host looks again before it removes anything.");

  private CacheEndpoints() {}

  /** Every row. */
  static List<Endpoint<?, ?>> all() {
    return List.of(
        SHARE_ADD,
        SHARE_LIST,
        SHARE_SHOW,
        SHARE_REMOVE,
        SHARE_FILL,
        SHARE_FILL_END,
        CACHE_POLICIES,
        CACHE_POLICY_SET,
        CACHE_POLICY_CLEAR,
        CACHE_PLAN,
        CACHE_CLEAN);
  }
}
