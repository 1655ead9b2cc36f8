/* Its manifest, doctored after the build, is that of another plugin: the loader must refuse the pair. */
#include <talome/operations.h>

static talome_status create(const talome_host *host, talome_self *self, void **out) {
  static int instance;
  *out = &instance;
  return host->extension(self, TALOME_OPERATIONS) ? TALOME_OK : TALOME_E_UNSUPPORTED;
}
static talome_status nothing(void *plugin) { return (void)plugin, TALOME_OK; }
static void ignore(void *plugin) { (void)plugin; }

const talome_plugin *talome_plugin_v1(void) {
  static const talome_plugin plugin = {sizeof plugin, TALOME_ABI, "other-id", "1.0.0", "Has the manifest of another.",
                                       TALOME_CAN_UNLOAD, 0, create, nothing, nothing, ignore, ignore, ignore};
  return &plugin;
}
