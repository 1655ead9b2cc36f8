/* Asks for an area that no host offers, so that the loader can be seen to refuse it with words. Its manifest cannot be
 * made by talome-manifest, which refuses it as well: CMake writes one by hand. */
#include <talome/operations.h>

#include <string.h>

static const char kWords[] = "this host does not offer talome.teleport/7";

static talome_status create(const talome_host *host, talome_self *self, void **out) {
  (void)out;
  if (host->extension(self, "talome.teleport/7")) return TALOME_OK;
  return host->fail(self, TALOME_E_UNSUPPORTED, (talome_str){kWords, strlen(kWords)});
}
static talome_status nothing(void *plugin) { return (void)plugin, TALOME_OK; }
static void ignore(void *plugin) { (void)plugin; }

const talome_plugin *talome_plugin_v1(void) {
  static const talome_plugin plugin = {sizeof plugin, TALOME_ABI, "needs-missing", "1.0.0", "Needs what no host has.",
                                       TALOME_CAN_UNLOAD, 0, create, nothing, nothing, ignore, ignore, ignore};
  return &plugin;
}
