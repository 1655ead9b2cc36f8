// Registers two operations; its manifest, doctored after the build, names one. The loader must refuse the other.
#include <talome/plugin.hpp>

class MoreThanManifest : public talome::Plugin {
public:
    explicit MoreThanManifest(talome::Registry& registry) {
        registry
            .operation("more.declared", "Is in the manifest", talome::session, talome::Tier::read, this,
                       &MoreThanManifest::hello)
            .route("GET", "/api/more-than-manifest/declared");
        registry
            .operation("more.smuggled", "Is not in the manifest", talome::anyone, talome::Tier::read, this,
                       &MoreThanManifest::hello)
            .route("GET", "/api/more-than-manifest/smuggled");
    }
    void hello() {}
};

TALOME_PLUGIN(MoreThanManifest, "more-than-manifest", "1.0.0", "Registers more than its manifest says.")
